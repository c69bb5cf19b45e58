"""Volumes come to instances and leave them, by EC2's rules."""

import pytest

from place import instances, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def make(ec2, zone="a", **more):
    return ec2.create_volume(AvailabilityZone=f"us-east-1{zone}", **{"Size": 8} | more)["VolumeId"]


def shown(ec2, volume):
    return ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]


def held(ec2, instance):
    (now,) = instances(ec2, instance["InstanceId"])
    return {one["DeviceName"]: one["Ebs"]["VolumeId"] for one in now["BlockDeviceMappings"]}


def test_a_volume_is_attached_and_detached(ec2, place):
    (instance,) = launch(ec2, place)
    id, volume = instance["InstanceId"], make(ec2)
    answer = ec2.attach_volume(VolumeId=volume, InstanceId=id, Device="/dev/sdf")
    assert (answer["State"], answer["Device"], answer["InstanceId"]) == ("attaching", "/dev/sdf", id)
    ec2.get_waiter("volume_in_use").wait(VolumeIds=[volume])
    (attached,) = shown(ec2, volume)["Attachments"]
    assert (attached["State"], attached["DeleteOnTermination"]) == ("attached", False)
    assert list(held(ec2, instance)) == ["/dev/xvda", "/dev/sdf"]
    assert held(ec2, instance)["/dev/sdf"] == volume
    asked = [{"Name": "block-device-mapping.volume-id", "Values": [volume]}]
    assert len(ec2.describe_instances(Filters=asked)["Reservations"]) == 1
    (status,) = ec2.describe_volume_status(VolumeIds=[volume])["VolumeStatuses"]
    assert status["AttachmentStatuses"] == [{"InstanceId": id, "IoPerformance": "not-applicable"}]
    with refused("VolumeInUse", f"Volume {volume} is currently attached to {id}"):
        ec2.delete_volume(VolumeId=volume)
    assert ec2.detach_volume(VolumeId=volume)["State"] == "detaching"
    ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
    assert list(held(ec2, instance)) == ["/dev/xvda"]
    with refused("IncorrectState", f"Volume '{volume}' is in the 'available' state."):
        ec2.detach_volume(VolumeId=volume, Force=True)


@pytest.mark.parametrize("device", ["/dev/sdi1", "/dev/xvdeo", "sdf/", "/dev/nvme1n1", ""])
def test_names_that_are_none(ec2, place, device):
    (instance,) = launch(ec2, place)
    with refused("InvalidParameterValue", f"{device} is not a valid EBS device name."):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=instance["InstanceId"], Device=device)


def test_a_name_is_taken_once(ec2, place):
    """By whichever of its spellings."""
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    ec2.attach_volume(VolumeId=make(ec2), InstanceId=id, Device="/dev/sdb")
    other = make(ec2)
    for device in ("/dev/sdb", "xvdb", "/dev/xvdb", "/dev/xvda"):
        sentence = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        with refused("InvalidParameterValue", sentence):
            ec2.attach_volume(VolumeId=other, InstanceId=id, Device=device)
    for device in ("xvdba", "/dev/xvddx", "sdz"):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=id, Device=device)


def test_what_cannot_be_attached(ec2, place):
    one, other, gone = launch(ec2, place, 3)
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    volume, far = make(ec2), make(ec2, "b")

    def attach(volume, instance, device="/dev/sdf"):
        ec2.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device=device)

    sentence = f"The volume '{far}' is not in the same availability zone as instance '{one['InstanceId']}'"
    with refused("InvalidVolume.ZoneMismatch", sentence):
        attach(far, one)
    with refused("IncorrectState", f"Instance '{gone['InstanceId']}' is not 'running'."):
        attach(volume, gone)
    attach(volume, one)
    for instance in (one, other):
        with refused("VolumeInUse", f"{volume} is already attached to an instance"):
            attach(volume, instance, "/dev/sdg")
    with refused("UnsupportedOperation", "EbsCardIndex"):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=other["InstanceId"], Device="sdf", EbsCardIndex=1)
    with refused("DryRunOperation"):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=other["InstanceId"], Device="sdf", DryRun=True)
    assert list(held(ec2, other)) == ["/dev/xvda"]
    ec2.attach_volume(VolumeId=make(ec2), InstanceId=other["InstanceId"], Device="sdf", EbsCardIndex=0)


def test_a_type_bears_so_many_volumes(ec2, place):
    """A c5.large bears 27, the root one and further interfaces among them."""
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=id, DeviceIndex=1)
    for number in range(25):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=id, Device=f"/dev/xvdb{chr(97 + number)}")
    with refused("AttachmentLimitExceeded", "c5.large"):
        ec2.attach_volume(VolumeId=make(ec2), InstanceId=id, Device="/dev/sdz")


def test_what_cannot_be_detached(ec2, place):
    one, other = launch(ec2, place, 2)
    volume, root = make(ec2), held(ec2, one)["/dev/xvda"]
    ec2.attach_volume(VolumeId=volume, InstanceId=one["InstanceId"], Device="/dev/sdf")
    for more in ({"InstanceId": other["InstanceId"]}, {"Device": "/dev/sdg"}):
        with refused("InvalidAttachment.NotFound", volume):
            ec2.detach_volume(VolumeId=volume, **more)
    sentence = f"Unable to detach root volume '{root}' from instance '{one['InstanceId']}'"
    for force in (False, True):
        with refused("OperationNotPermitted", sentence):
            ec2.detach_volume(VolumeId=root, Force=force)
    ec2.detach_volume(VolumeId=volume, InstanceId=one["InstanceId"], Device="/dev/sdf")


def test_a_stopped_instance_gives_up_its_root_and_needs_it_again(ec2, place):
    (instance,) = launch(ec2, place)
    id, root = instance["InstanceId"], held(ec2, instance)["/dev/xvda"]
    ec2.stop_instances(InstanceIds=[id])
    ec2.detach_volume(VolumeId=root)
    with refused("InvalidParameterValue", "does not have a volume attached at root (/dev/xvda)"):
        ec2.start_instances(InstanceIds=[id])
    ec2.attach_volume(VolumeId=root, InstanceId=id, Device="/dev/xvda")
    ec2.start_instances(InstanceIds=[id])
    assert instances(ec2, id)[0]["State"]["Name"] == "running"


def test_attached_volumes_stay_unless_they_are_to_go(ec2, place):
    (instance,) = launch(ec2, place)
    stays, goes = make(ec2), make(ec2)
    for volume, device in ((stays, "/dev/sdf"), (goes, "/dev/sdg")):
        ec2.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device=device)
    item = {"DeviceName": "/dev/sdg", "Ebs": {"DeleteOnTermination": True}}
    ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], BlockDeviceMappings=[item])
    assert [shown(ec2, one)["Attachments"][0]["DeleteOnTermination"] for one in (stays, goes)] == [
        False,
        True,
    ]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]] == [stays]
    assert shown(ec2, stays)["State"] == "available"


def test_several_instances_share_a_volume(ec2, place):
    one, other = launch(ec2, place, 2)
    volume = make(ec2, VolumeType="io2", Iops=100, MultiAttachEnabled=True)
    for instance in (one, other):
        ec2.attach_volume(VolumeId=volume, InstanceId=instance["InstanceId"], Device="/dev/sdf")
        item = {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}
        ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], BlockDeviceMappings=[item])
    with refused("VolumeInUse"):
        ec2.attach_volume(VolumeId=volume, InstanceId=one["InstanceId"], Device="/dev/sdg")
    with refused("MissingParameter", "instanceId"):
        ec2.detach_volume(VolumeId=volume)
    with refused("InvalidParameterCombination"):
        ec2.modify_volume(VolumeId=volume, MultiAttachEnabled=False)
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    assert [a["InstanceId"] for a in shown(ec2, volume)["Attachments"]] == [other["InstanceId"]]
    ec2.terminate_instances(InstanceIds=[other["InstanceId"]])
    with refused("InvalidVolume.NotFound"):
        shown(ec2, volume)
