"""Volumes that are made by themselves: what they may be, how they are shown, found and removed."""

import re

import pytest

from place import launch, make_place
from refused import refused

ZONE = {"AvailabilityZone": "us-east-1a"}
KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def make(ec2, **more):
    return ec2.create_volume(**ZONE | {"Size": 8} | more)


def shown(ec2, made):
    (volume,) = ec2.describe_volumes(VolumeIds=[made["VolumeId"]])["Volumes"]
    return volume


def test_a_volume_is_creating_and_then_available(ec2):
    made = make(ec2)
    assert re.fullmatch("vol-[0-9a-f]{17}", made["VolumeId"])
    assert (made["State"], made["VolumeType"], made["Iops"]) == ("creating", "gp2", 100)
    assert not {"Attachments", "Throughput"} & made.keys()
    volume = shown(ec2, made)
    assert (volume["State"], volume["Attachments"], volume["SnapshotId"]) == ("available", [], "")
    assert (volume["Encrypted"], volume["MultiAttachEnabled"]) == (False, False)
    assert (volume["AvailabilityZone"], volume["AvailabilityZoneId"]) == ("us-east-1a", "use1-az2")
    ec2.get_waiter("volume_available").wait(VolumeIds=[made["VolumeId"]])
    ec2.delete_volume(VolumeId=made["VolumeId"])
    ec2.get_waiter("volume_deleted").wait(VolumeIds=[made["VolumeId"]])
    for call in (ec2.delete_volume, lambda **id: ec2.modify_volume(Size=9, **id)):
        with refused("InvalidVolume.NotFound", f"'{made['VolumeId']}' does not exist"):
            call(VolumeId=made["VolumeId"])


@pytest.mark.parametrize(
    ("asked", "figures"),
    [
        ({"VolumeType": "gp3"}, ("gp3", 8, 3000, 125)),
        ({"VolumeType": "gp3", "Size": 1, "Iops": 3000}, ("gp3", 1, 3000, 125)),
        ({"VolumeType": "gp3", "Size": 100, "Iops": 8000, "Throughput": 2000}, ("gp3", 100, 8000, 2000)),
        ({"VolumeType": "gp2", "Size": 1000}, ("gp2", 1000, 3000, None)),
        ({"VolumeType": "gp2", "Size": 16384}, ("gp2", 16384, 16000, None)),
        ({"VolumeType": "io1", "Iops": 400}, ("io1", 8, 400, None)),
        ({"VolumeType": "io2", "Iops": 8000}, ("io2", 8, 8000, None)),
        ({"VolumeType": "st1", "Size": 125}, ("st1", 125, None, None)),
        ({"VolumeType": "standard"}, ("standard", 8, None, None)),
    ],
)
def test_figures_by_type(ec2, asked, figures):
    made = shown(ec2, make(ec2, **asked))
    assert tuple(made.get(name) for name in ("VolumeType", "Size", "Iops", "Throughput")) == figures


@pytest.mark.parametrize(
    ("asked", "code", "sentence"),
    [
        ({"VolumeType": "gp9"}, "UnknownVolumeType", "'gp9'"),
        ({"VolumeType": "standard", "Size": 2000}, "InvalidParameterValue",
         "Volume of 2000GiB is too large for volume type standard; maximum is 1024GiB"),
        ({"VolumeType": "st1"}, "InvalidParameterValue", "too small for volume type st1; minimum is 125GiB"),
        ({"Size": 0}, "InvalidParameterValue", "too small"),
        ({"Iops": 100}, "InvalidParameterCombination", "iops is not supported for gp2 volumes."),
        ({"VolumeType": "io1"}, "InvalidParameterCombination", "iops must be specified for io1 volumes."),
        ({"VolumeType": "gp3", "Iops": 2999}, "InvalidParameterValue", "too low; minimum is 3000"),
        ({"VolumeType": "io1", "Size": 9999, "Iops": 64001}, "InvalidParameterValue", "maximum is 64000"),
        ({"VolumeType": "gp3", "Size": 20, "Iops": 15000}, "InvalidParameterValue",
         "Iops to volume size ratio of 750.000000 is too high; maximum is 500"),
        ({"VolumeType": "io1", "Iops": 401}, "InvalidParameterValue", "maximum is 50"),
        ({"VolumeType": "io2", "Iops": 400, "Throughput": 125}, "InvalidParameterCombination",
         "throughput can only be specified for volumeType gp3."),
        ({"VolumeType": "gp3", "Throughput": 1000}, "InvalidParameterValue",
         "Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops"),
        ({"VolumeType": "gp3", "Throughput": 124}, "InvalidParameterValue", "minimum is 125"),
        ({"MultiAttachEnabled": True}, "InvalidParameterCombination", "multiAttachEnabled"),
        ({"KmsKeyId": KEY}, "InvalidParameterDependency", "Encrypted"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidZone.NotFound", "'us-east-1z'"),
        ({"AvailabilityZoneId": "use1-az2"}, "InvalidParameterCombination", "availabilityZoneId"),
        ({"SnapshotId": "snap-00000000000000000"}, "InvalidSnapshot.NotFound", "does not exist"),
        ({"OutpostArn": "arn:aws:outposts:1"}, "UnsupportedOperation", "OutpostArn"),
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": []}]}, "InvalidParameterValue", "vpc"),
        ({"DryRun": True}, "DryRunOperation", ""),
    ],
)  # fmt: skip
def test_refusals(ec2, asked, code, sentence):
    with refused(code, sentence):
        make(ec2, **asked)
    assert ec2.describe_volumes()["Volumes"] == []


def test_a_zone_and_a_size_are_needed(ec2):
    with refused("MissingParameter", "size/snapshot"):
        ec2.create_volume(**ZONE)
    with refused("MissingParameter", "availabilityZone"):
        ec2.create_volume(Size=8)
    assert ec2.create_volume(Size=8, AvailabilityZoneId="use1-az4")["AvailabilityZone"] == "us-east-1b"


def test_an_images_snapshot_gives_the_size(ec2):
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    made = ec2.create_volume(**ZONE, SnapshotId=snapshot)
    assert (made["Size"], made["SnapshotId"]) == (8, snapshot)
    assert make(ec2, SnapshotId=snapshot, Size=9)["Size"] == 9
    with refused("InvalidParameterValue", f"smaller than snapshot '{snapshot}'"):
        make(ec2, SnapshotId=snapshot, Size=7)


def test_a_token_makes_one_volume(ec2):
    first, second = (make(ec2, ClientToken="once")["VolumeId"] for _ in range(2))
    assert first == second
    with refused("IdempotentParameterMismatch"):
        make(ec2, ClientToken="once", Size=9)


def test_every_filter(ec2):
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "data"}]}]
    made = make(
        ec2, VolumeType="io2", Iops=100, MultiAttachEnabled=True, Encrypted=True, TagSpecifications=tags
    )
    place = make_place(ec2)
    (instance,) = launch(ec2, place)
    volume = shown(ec2, make(ec2, Size=50))
    ec2.attach_volume(VolumeId=volume["VolumeId"], InstanceId=instance["InstanceId"], Device="/dev/sdf")
    attached = shown(ec2, volume)["Attachments"][0]

    def found(name, value):
        asked = [{"Name": name, "Values": [value]}]
        return [one["VolumeId"] for one in ec2.describe_volumes(Filters=asked)["Volumes"]]

    for name, value in (("encrypted", "true"), ("multi-attach-enabled", "true"), ("volume-type", "io2"),
                        ("status", "available"), ("tag:Name", "data"), ("tag-key", "Name"),
                        ("volume-id", made["VolumeId"])):  # fmt: skip
        assert found(name, value) == [made["VolumeId"]], name
    when = attached["AttachTime"].strftime("%Y-%m-%dT%H:*")
    for name, value in (("attachment.device", "/dev/sdf"), ("attachment.delete-on-termination", "false"),
                        ("size", "50")):  # fmt: skip
        assert found(name, value) == [volume["VolumeId"]], name
    for name, value in (("attachment.attach-time", when), ("attachment.status", "attached"),
                        ("attachment.instance-id", instance["InstanceId"]), ("status", "in-use")):  # fmt: skip
        assert set(found(name, value)) > {volume["VolumeId"]}, name
    assert (
        len(found("availability-zone", "us-east-1a")) == len(found("availability-zone-id", "use1-az2")) == 3
    )
    with refused("InvalidParameterValue", "colour"):
        found("colour", "red")


def test_status_and_attributes(ec2):
    one, other = make(ec2), make(ec2)
    (status,) = ec2.describe_volume_status(VolumeIds=[one["VolumeId"]])["VolumeStatuses"]
    assert status["VolumeStatus"]["Status"] == "ok"
    assert {d["Name"]: d["Status"] for d in status["VolumeStatus"]["Details"]} == {
        "io-enabled": "passed",
        "io-performance": "not-applicable",
    }
    asked = [{"Name": "volume-status.status", "Values": ["ok"]}]
    assert len(ec2.describe_volume_status(Filters=asked)["VolumeStatuses"]) == 2
    asked = [{"Name": "volume-status.status", "Values": ["impaired"]}]
    assert ec2.describe_volume_status(Filters=asked)["VolumeStatuses"] == []
    ec2.modify_volume_attribute(VolumeId=one["VolumeId"], AutoEnableIO={"Value": True})
    for volume, enabled in ((one, True), (other, False)):
        answer = ec2.describe_volume_attribute(VolumeId=volume["VolumeId"], Attribute="autoEnableIO")
        assert answer["AutoEnableIO"] == {"Value": enabled}
    answer = ec2.describe_volume_attribute(VolumeId=one["VolumeId"], Attribute="productCodes")
    assert answer["ProductCodes"] == []
    with refused("MissingParameter"):
        ec2.modify_volume_attribute(VolumeId=one["VolumeId"])
