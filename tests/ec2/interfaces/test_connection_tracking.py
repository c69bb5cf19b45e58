"""The idle times of connection tracking, an attribute of interfaces: asked for, kept, shown."""

import pytest

from elastinet.catalog.instance_types import instance_types
from elastinet.rules.tracking import of_type
from place import instances, interface, launch, make_place
from refused import refused

SHORT = {"TcpEstablishedTimeout": 60, "UdpStreamTimeout": 60, "UdpTimeout": 30}
LONG = {"TcpEstablishedTimeout": 432_000, "UdpStreamTimeout": 180, "UdpTimeout": 60}
BOUNDS = {"TcpEstablishedTimeout": (60, 432_000), "UdpStreamTimeout": (60, 180), "UdpTimeout": (30, 60)}
SHOWN = "ConnectionTrackingConfiguration"


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def made(ec2, place, **spec):
    asked = {"ConnectionTrackingSpecification": spec} if spec else {}
    return ec2.create_network_interface(SubnetId=place.subnet, **asked)["NetworkInterface"]


@pytest.mark.parametrize("spec", [SHORT, LONG, {"UdpTimeout": 45}])
def test_of_a_new_interface(ec2, place, spec):
    answer = made(ec2, place, **spec)
    assert answer[SHOWN] == spec
    assert interface(ec2, answer["NetworkInterfaceId"])[SHOWN] == spec


def test_nobody_has_asked(ec2, place):
    (instance,) = launch(ec2, place)
    (own,) = instance["NetworkInterfaces"]
    for shown in (made(ec2, place), own, interface(ec2, own["NetworkInterfaceId"])):
        assert SHOWN not in shown


def test_at_launch_and_changed(ec2, place):
    first = {"DeviceIndex": 0, "SubnetId": place.subnet, "ConnectionTrackingSpecification": SHORT}
    (instance,) = launch(ec2, place, NetworkInterfaces=[first])
    (own,) = instance["NetworkInterfaces"]
    assert own[SHOWN] == SHORT
    id = own["NetworkInterfaceId"]
    change = {"UdpTimeout": 60}
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, ConnectionTrackingSpecification=change)
    (again,) = instances(ec2, instance["InstanceId"])[0]["NetworkInterfaces"]
    assert again[SHOWN] == interface(ec2, id)[SHOWN] == SHORT | change


def test_of_a_template_and_of_an_instance_as_a_template(ec2, place):
    listed = [{"DeviceIndex": 0, "SubnetId": place.subnet, "ConnectionTrackingSpecification": SHORT}]
    data = {"ImageId": place.image, "InstanceType": "c5.large", "NetworkInterfaces": listed}
    ec2.create_launch_template(LaunchTemplateName="short", LaunchTemplateData=data)
    run = ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "short"}, MinCount=1, MaxCount=1)
    (instance,) = run["Instances"]
    assert instance["NetworkInterfaces"][0][SHOWN] == SHORT
    like = ec2.get_launch_template_data(InstanceId=instance["InstanceId"])["LaunchTemplateData"]
    assert like["NetworkInterfaces"][0]["ConnectionTrackingSpecification"] == SHORT


def test_a_template_is_judged_by_its_launch(ec2, place):
    listed = [{"DeviceIndex": 0, "ConnectionTrackingSpecification": {"UdpTimeout": 29}}]
    data = {"ImageId": place.image, "InstanceType": "c5.large", "NetworkInterfaces": listed}
    ec2.create_launch_template(LaunchTemplateName="bad", LaunchTemplateData=data)
    with refused("InvalidParameterValue", "udpTimeout", "between 30 and 60"):
        ec2.run_instances(LaunchTemplate={"LaunchTemplateName": "bad"}, MinCount=1, MaxCount=1)


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(ec2, place, name):
    id = made(ec2, place, **SHORT)["NetworkInterfaceId"]
    least, most = BOUNDS[name]
    for bad in (least - 1, most + 1, 0, -1):
        with refused("InvalidParameterValue", f"Value ({bad})", name[1:]):
            ec2.modify_network_interface_attribute(
                NetworkInterfaceId=id, ConnectionTrackingSpecification={name: bad}
            )
    assert interface(ec2, id)[SHOWN] == SHORT
    for good in (least, most):
        ec2.modify_network_interface_attribute(
            NetworkInterfaceId=id, ConnectionTrackingSpecification={name: good}
        )
        assert interface(ec2, id)[SHOWN][name] == good


def test_defaults_are_the_types(ec2):
    """Nitro v6 forgets idle connections early; the rule reads what DescribeInstanceTypes shows."""
    for name, seconds in (("c5.large", 432_000), ("c8i.large", 350)):
        (shown,) = ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
        told = shown["NetworkInfo"][SHOWN]
        assert told["DefaultTcpEstablishedTimeout"] == seconds
        assert (of_type(instance_types()[name]).tcp_established, told["DefaultUdpTimeout"]) == (seconds, 30)
