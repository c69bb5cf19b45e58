"""ENA Express: an attribute of an attachment, which is gone with it."""

import pytest

from place import instances, interface, launch, make_place
from refused import refused

TCP = {"EnaSrdEnabled": True}
BOTH = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
ON_TCP = {"EnaSrdEnabled": True, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": False}}
OFF = {"EnaSrdEnabled": False, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": False}}


@pytest.fixture
def place(ec2_2026):
    return make_place(ec2_2026)


def shown(ec2, id):
    """What both views of an attachment say, which must be one thing."""
    attachment = interface(ec2, id)["Attachment"]
    (of_instance,) = [
        i
        for i in instances(ec2, attachment["InstanceId"])[0]["NetworkInterfaces"]
        if i["NetworkInterfaceId"] == id
    ]
    assert of_instance["Attachment"].get("EnaSrdSpecification") == attachment.get("EnaSrdSpecification")
    return attachment.get("EnaSrdSpecification")


def big(ec2, place, **more):
    """An instance whose type supports ENA Express, and its first interface."""
    (instance,) = launch(ec2, place, InstanceType="m6i.8xlarge", **more)
    return instance["InstanceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"]


def free(ec2, place):
    """An interface that is attached to nothing."""
    made = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]
    return made["NetworkInterfaceId"]


def change(ec2, id, **spec):
    """Ask for ENA Express on an interface."""
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, EnaSrdSpecification=spec)


def test_with_the_attachment(ec2_2026, place):
    instance, primary = big(ec2_2026, place)
    assert shown(ec2_2026, primary) is None
    for index, (asked, told) in enumerate(((TCP, ON_TCP), (BOTH, BOTH), ({"EnaSrdEnabled": False}, OFF)), 1):
        id = free(ec2_2026, place)
        where = {"NetworkInterfaceId": id, "InstanceId": instance, "DeviceIndex": index}
        ec2_2026.attach_network_interface(**where, EnaSrdSpecification=asked)
        assert shown(ec2_2026, id) == told


def test_at_launch(ec2_2026, place):
    first = {"DeviceIndex": 0, "SubnetId": place.subnet, "EnaSrdSpecification": BOTH}
    second = {"DeviceIndex": 1, "NetworkInterfaceId": free(ec2_2026, place), "EnaSrdSpecification": TCP}
    _, primary = big(ec2_2026, place, NetworkInterfaces=[first, second])
    assert shown(ec2_2026, primary) == BOTH
    assert shown(ec2_2026, second["NetworkInterfaceId"]) == ON_TCP


def test_changed_while_attached(ec2_2026, place):
    """What a change does not speak of stays: UDP's flag outlives that of ENA Express."""
    instance, id = big(ec2_2026, place)
    change(ec2_2026, id, **TCP)
    assert shown(ec2_2026, id) == ON_TCP
    change(ec2_2026, id, EnaSrdUdpSpecification={"EnaSrdUdpEnabled": True})
    assert shown(ec2_2026, id) == BOTH
    change(ec2_2026, id, EnaSrdEnabled=False)
    assert shown(ec2_2026, id) == OFF | {"EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
    change(ec2_2026, id, EnaSrdUdpSpecification={"EnaSrdUdpEnabled": False})
    assert shown(ec2_2026, id) == OFF
    change(ec2_2026, id, **TCP)
    ec2_2026.stop_instances(InstanceIds=[instance])
    ec2_2026.start_instances(InstanceIds=[instance])
    assert shown(ec2_2026, id) == ON_TCP


def test_gone_when_it_is_detached(ec2_2026, place):
    instance, _ = big(ec2_2026, place)
    id = free(ec2_2026, place)
    where = {"NetworkInterfaceId": id, "InstanceId": instance, "DeviceIndex": 1}
    attachment = ec2_2026.attach_network_interface(**where, EnaSrdSpecification=BOTH)["AttachmentId"]
    ec2_2026.detach_network_interface(AttachmentId=attachment)
    ended = [{"Name": "attachment.attachment-id", "Values": [attachment]}]
    (seen,) = ec2_2026.describe_network_interfaces(Filters=ended)["NetworkInterfaces"]
    assert (seen["Attachment"]["Status"], "EnaSrdSpecification" in seen["Attachment"]) == ("detached", False)
    ec2_2026.attach_network_interface(**where)
    assert shown(ec2_2026, id) is None


def test_an_instance_keeps_to_types_that_support_it(ec2_2026, place):
    """Until it is disabled, as the guide asks for."""
    instance, id = big(ec2_2026, place)
    change(ec2_2026, id, **TCP)
    ec2_2026.stop_instances(InstanceIds=[instance])
    ec2_2026.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m6i.12xlarge"})
    with refused("InvalidParameterCombination", "m6i.large does not support ENA Express"):
        ec2_2026.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m6i.large"})
    assert instances(ec2_2026, instance)[0]["InstanceType"] == "m6i.12xlarge"
    change(ec2_2026, id, EnaSrdEnabled=False)
    ec2_2026.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": "m6i.large"})


def test_types_say_whether_they_support_it(ec2_2026):
    told = ec2_2026.describe_instance_types(InstanceTypes=["m6i.8xlarge", "m6i.4xlarge", "m8i.large"])
    found = {t["InstanceType"]: t["NetworkInfo"] for t in told["InstanceTypes"]}
    assert {name: info["EnaSrdSupported"] for name, info in found.items()} == {
        "m6i.8xlarge": True, "m6i.4xlarge": False, "m8i.large": False,
    }  # fmt: skip
    assert found["m8i.large"]["BandwidthWeightings"] == ["default", "ebs-1", "vpc-1"]
    assert "BandwidthWeightings" not in found["m6i.8xlarge"]
