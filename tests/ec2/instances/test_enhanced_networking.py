"""The attributes that decide which network device an instance has, on images and on instances."""

import pytest

from place import instances, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def attributes(ec2, id):
    """What DescribeInstances and DescribeInstanceAttribute say, which must be one thing."""
    (shown,) = instances(ec2, id)
    ena = ec2.describe_instance_attribute(InstanceId=id, Attribute="enaSupport")["EnaSupport"]["Value"]
    sriov = ec2.describe_instance_attribute(InstanceId=id, Attribute="sriovNetSupport")["SriovNetSupport"]
    assert (shown["EnaSupport"], shown.get("SriovNetSupport")) == (ena, sriov.get("Value"))
    return ena, sriov.get("Value")


def test_an_instance_takes_them_from_its_image(ec2, place):
    (with_both,) = launch(ec2, place)
    (without,) = launch(ec2, place, ImageId=place.no_ena, InstanceType="t2.micro")
    assert attributes(ec2, with_both["InstanceId"]) == (True, "simple")
    assert attributes(ec2, without["InstanceId"]) == (False, None)
    filters = [{"Name": "ena-support", "Values": ["false"]}]
    found = ec2.describe_instances(Filters=filters)["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [without["InstanceId"]]


def test_images_have_them(ec2, place):
    for image, value in ((place.image, {"Value": "simple"}), (place.no_ena, {})):
        told = ec2.describe_image_attribute(ImageId=image, Attribute="sriovNetSupport")
        assert (told["ImageId"], told["SriovNetSupport"]) == (image, value)
    (shown,) = ec2.describe_images(ImageIds=[place.image])["Images"]
    assert (shown["EnaSupport"], shown["SriovNetSupport"]) == (True, "simple")
    told = ec2.describe_image_attribute(ImageId=place.image, Attribute="launchPermission")
    assert told["LaunchPermissions"] == [{"Group": "all"}]
    assert ec2.describe_image_attribute(ImageId=place.image, Attribute="kernel")["KernelId"] == {}
    with refused("UnsupportedOperation", "uefiData"):
        ec2.describe_image_attribute(ImageId=place.image, Attribute="uefiData")


def test_changed_while_stopped(ec2, place):
    (instance,) = launch(ec2, place, ImageId=place.no_ena, InstanceType="t2.micro")
    id = instance["InstanceId"]
    for change in ({"EnaSupport": {"Value": True}}, {"SriovNetSupport": {"Value": "simple"}}):
        with refused("IncorrectInstanceState", f"The instance '{id}' is not in the 'stopped' state."):
            ec2.modify_instance_attribute(InstanceId=id, **change)
        ec2.stop_instances(InstanceIds=[id])
        ec2.modify_instance_attribute(InstanceId=id, **change)
        ec2.start_instances(InstanceIds=[id])
    assert attributes(ec2, id) == (True, "simple")
    ec2.stop_instances(InstanceIds=[id])
    ec2.modify_instance_attribute(InstanceId=id, EnaSupport={"Value": False})
    assert attributes(ec2, id) == (False, "simple")


@pytest.mark.parametrize("value", ["", "none", "Simple"])
def test_the_82599_is_never_turned_off(ec2, place, value):
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    ec2.stop_instances(InstanceIds=[id])
    with refused("InvalidParameterValue", "sriovNetSupport"):
        ec2.modify_instance_attribute(InstanceId=id, SriovNetSupport={"Value": value})
    assert attributes(ec2, id) == (True, "simple")


def test_a_type_that_needs_ena_is_refused_at_the_start(ec2, place):
    """And not when it is given to the instance, as on EC2."""
    (instance,) = launch(ec2, place, ImageId=place.no_ena, InstanceType="t2.micro")
    id = instance["InstanceId"]
    ec2.stop_instances(InstanceIds=[id])
    ec2.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "t3.micro"})
    sentence = f"Ensure that your instance '{id}' is enabled for ENA."
    with refused("InvalidParameterCombination", "is required for the 't3.micro' instance type.", sentence):
        ec2.start_instances(InstanceIds=[id])
    assert instances(ec2, id)[0]["State"]["Name"] == "stopped"
    ec2.modify_instance_attribute(InstanceId=id, EnaSupport={"Value": True})
    ec2.start_instances(InstanceIds=[id])
    assert instances(ec2, id)[0]["State"]["Name"] == "running"
