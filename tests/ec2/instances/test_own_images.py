"""An account's own images and their snapshots, through the wire."""

import pytest

from place import launch, make_place
from refused import refused


def own(ec2, id):
    (image,) = ec2.describe_images(ImageIds=[id])["Images"]
    return image


def snapshot_of(image):
    return image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def copied(ec2, place):
    """A copy of a published image: an image and a snapshot of the account's own."""
    id = ec2.copy_image(Name="base", SourceImageId=place.image, SourceRegion="us-east-1")["ImageId"]
    return own(ec2, id)


def root(snapshot, **more):
    return [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, **more}}]


def register(ec2, name, snapshot, **more):
    given = {"Name": name, "RootDeviceName": "/dev/xvda", "BlockDeviceMappings": root(snapshot)}
    return ec2.register_image(**given | more)["ImageId"]


def test_copy(ec2, place, copied):
    source = own(ec2, place.image)
    assert copied["State"] == "available"
    assert not copied["Public"]
    assert copied["SourceImageId"] == place.image
    assert copied["SourceImageRegion"] == "us-east-1"
    same = ("Architecture", "RootDeviceName", "EnaSupport", "Description")
    assert {name: copied[name] for name in same} == {name: source[name] for name in same}
    assert ec2.describe_images(Owners=["self"])["Images"] == [copied]
    (snapshot,) = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert snapshot["SnapshotId"] == snapshot_of(copied)
    assert (snapshot["State"], snapshot["Progress"], snapshot["VolumeSize"]) == ("completed", "100%", 8)


def test_copy_from_another_region(server, place, copied):
    account = copied["OwnerId"]
    there = server.client(region="eu-west-1", account=account)
    asked = {"Name": "base", "SourceImageId": copied["ImageId"], "SourceRegion": "us-east-1"}
    id = there.copy_image(**asked, ClientToken="t")["ImageId"]
    assert there.copy_image(**asked, ClientToken="t")["ImageId"] == id
    assert own(there, id)["SourceImageRegion"] == "us-east-1"
    with refused("InvalidAMIID.NotFound"):
        there.copy_image(Name="other", SourceImageId=id, SourceRegion="us-east-1")


def test_register(ec2, copied):
    more = {"Architecture": "arm64", "EnaSupport": True, "ImdsSupport": "v2.0", "Description": "mine"}
    tags = [{"ResourceType": "image", "Tags": [{"Key": "k", "Value": "v"}]}]
    id = register(ec2, "mine", snapshot_of(copied), **more, TagSpecifications=tags)
    image = own(ec2, id)
    assert {name: image[name] for name in more} == more
    assert image["Tags"] == [{"Key": "k", "Value": "v"}]
    assert image["ImageLocation"] == f"{image['OwnerId']}/mine"
    asked = [{"Name": "tag:k", "Values": ["v"]}]
    assert ec2.describe_images(Filters=asked)["Images"] == [image]


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("InvalidAMIName.Duplicate", {"Name": "base"}),
        ("InvalidAMIName.Malformed", {"Name": "no"}),
        ("InvalidAMIName.Malformed", {"Name": "name?"}),
        ("InvalidSnapshot.NotFound", {"BlockDeviceMappings": root("snap-0123456789abcdef0")}),
        ("InvalidBlockDeviceMapping", {"BlockDeviceMappings": []}),
        ("InvalidBlockDeviceMapping", {"RootDeviceName": "/dev/sdb"}),
        ("InvalidParameterValue", {"VirtualizationType": "paravirtual"}),
        ("InvalidParameterValue", {"Architecture": "i386"}),
        ("UnsupportedOperation", {"ImageLocation": "bucket/manifest.xml"}),
    ],
)
def test_register_refused(ec2, copied, code, given):
    with refused(code):
        register(ec2, "new one", snapshot_of(copied), **given)
    assert len(ec2.describe_images(Owners=["self"])["Images"]) == 1


def test_volume_is_no_smaller_than_its_snapshot(ec2, copied):
    with refused("InvalidBlockDeviceMapping", "smaller than snapshot"):
        register(ec2, "n-1", "", BlockDeviceMappings=root(snapshot_of(copied), VolumeSize=4))
    id = register(ec2, "n-1", "", BlockDeviceMappings=root(snapshot_of(copied), VolumeSize=40))
    assert own(ec2, id)["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 40


def test_launch_from_it(ec2, place, copied):
    place.image = copied["ImageId"]
    (instance,) = launch(ec2, place)
    assert instance["ImageId"] == copied["ImageId"]
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert volume["SnapshotId"] == snapshot_of(copied)


def test_launch_on_another_architecture(ec2, place, copied):
    place.image = register(ec2, "arm", snapshot_of(copied), Architecture="arm64", EnaSupport=True)
    with refused("InvalidParameterValue", "'x86_64'", "'arm64'"):
        launch(ec2, place)


def test_launch_without_ena(ec2, place, copied):
    place.image = register(ec2, "old", snapshot_of(copied))
    with refused("InvalidParameterCombination", "ENA"):
        launch(ec2, place)


def test_deregistered_image_leaves_its_instances(ec2, place, copied):
    place.image = copied["ImageId"]
    id = launch(ec2, place)[0]["InstanceId"]
    assert ec2.deregister_image(ImageId=copied["ImageId"])["Return"]
    with refused("InvalidAMIID.NotFound"):
        ec2.describe_images(ImageIds=[copied["ImageId"]])
    with refused("InvalidAMIID.NotFound"):
        launch(ec2, place)
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    ec2.stop_instances(InstanceIds=[id])
    (seen,) = ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"]
    assert seen["ImageId"] == copied["ImageId"]


def test_deregister_refused(ec2, place):
    with refused("AuthFailure"):
        ec2.deregister_image(ImageId=place.image)
    with refused("InvalidAMIID.NotFound"):
        ec2.deregister_image(ImageId="ami-0123456789abcdef0")
    with refused("InvalidAMIID.Malformed"):
        ec2.deregister_image(ImageId="i-1")


def test_deregister_with_its_snapshot(ec2, copied):
    other = register(ec2, "second", snapshot_of(copied))
    told = ec2.deregister_image(ImageId=other, DeleteAssociatedSnapshots=True)
    assert told["DeleteSnapshotResults"][0]["ReturnCode"] == "in-use"
    told = ec2.deregister_image(ImageId=copied["ImageId"], DeleteAssociatedSnapshots=True)
    assert told["DeleteSnapshotResults"] == [{"SnapshotId": snapshot_of(copied), "ReturnCode": "success"}]
    assert ec2.describe_snapshots()["Snapshots"] == []


def test_delete_snapshot(ec2, copied):
    id = snapshot_of(copied)
    with refused("InvalidSnapshot.InUse", copied["ImageId"]):
        ec2.delete_snapshot(SnapshotId=id)
    ec2.deregister_image(ImageId=copied["ImageId"])
    ec2.delete_snapshot(SnapshotId=id)
    with refused("InvalidSnapshot.NotFound"):
        ec2.delete_snapshot(SnapshotId=id)
    with refused("InvalidSnapshot.NotFound"):
        ec2.describe_snapshots(SnapshotIds=[id])
    with refused("InvalidSnapshot.NotFound"):
        register(ec2, "late", id)


def test_describe_snapshots(ec2, copied):
    id = snapshot_of(copied)
    assert ec2.describe_snapshots(OwnerIds=["amazon"])["Snapshots"] == []
    assert ec2.describe_snapshots(RestorableByUserIds=["all"])["Snapshots"] == []
    asked = [{"Name": "status", "Values": ["completed"]}, {"Name": "volume-size", "Values": ["8"]}]
    assert [one["SnapshotId"] for one in ec2.describe_snapshots(Filters=asked)["Snapshots"]] == [id]
    ec2.create_tags(Resources=[id, copied["ImageId"]], Tags=[{"Key": "k", "Value": "v"}])
    (shown,) = ec2.describe_snapshots(SnapshotIds=[id])["Snapshots"]
    assert shown["Tags"] == [{"Key": "k", "Value": "v"}]
    assert {tag["ResourceType"] for tag in ec2.describe_tags()["Tags"]} == {"image", "snapshot"}
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    assert ec2.create_volume(AvailabilityZone=zone, SnapshotId=id)["Size"] == 8


def test_create_image(ec2, place):
    id = launch(ec2, place)[0]["InstanceId"]
    image = ec2.create_image(InstanceId=id, Name="made", Description="d")["ImageId"]
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
    made = own(ec2, image)
    assert (made["Name"], made["Description"], made["SourceInstanceId"]) == ("made", "d", id)
    (snapshot,) = ec2.describe_snapshots(SnapshotIds=[snapshot_of(made)])["Snapshots"]
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert (snapshot["VolumeId"], snapshot["VolumeSize"]) == (volume["VolumeId"], volume["Size"])
    assert snapshot["Description"] == f"Created by CreateImage({id}) for made"
    place.image = image
    assert launch(ec2, place)[0]["ImageId"] == image


def test_create_image_refused(ec2, place):
    id = launch(ec2, place)[0]["InstanceId"]
    with refused("InvalidInstanceID.NotFound"):
        ec2.create_image(InstanceId="i-0123456789abcdef0", Name="made")
    with refused("InvalidAMIName.Malformed", "letters, numbers, '(', ')', '.', '-', '/' and '_'"):
        ec2.create_image(InstanceId=id, Name="?")
    with refused("UnsupportedOperation", "block device"):
        ec2.create_image(InstanceId=id, Name="made", BlockDeviceMappings=root("snap-1"))
    ec2.terminate_instances(InstanceIds=[id])
    sentence = (
        f"Invalid value '{id}' for instanceId. Instance is not in state 'running' or 'stopping' or 'stopped'"
    )
    with refused("InvalidParameterValue", sentence):
        ec2.create_image(InstanceId=id, Name="made")
    assert ec2.describe_images(Owners=["self"])["Images"] == []


def test_others_do_not_see_it(server, copied):
    other = server.client()
    with refused("InvalidAMIID.NotFound"):
        other.describe_images(ImageIds=[copied["ImageId"]])
    with refused("InvalidSnapshot.NotFound"):
        other.describe_snapshots(SnapshotIds=[snapshot_of(copied)])
    with refused("InvalidAMIID.NotFound"):
        other.deregister_image(ImageId=copied["ImageId"])
