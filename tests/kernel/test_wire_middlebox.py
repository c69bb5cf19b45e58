"""A middlebox that routes inside the VPC, and the table of its gateway, put in the way."""

import pytest

from world import ping


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


def passed(world, middlebox):
    """How many packets a middlebox has passed on."""
    return int(world.out(middlebox, "awk '/^Ip: [0-9]/ {print $7}' /proc/net/snmp"))


def test_from_outside_and_between_subnets(world):
    ec2, vpc = world.ec2, world.vpc()
    world.allow(vpc.group, "-1")
    one, box = world.launch(vpc.left, vpc.group)[0], world.launch(vpc.right, vpc.group)[0]
    eni = box.shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
    world.out(box.id, "echo 1 > /proc/sys/net/ipv4/ip_forward")
    public = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(InstanceId=one.id, AllocationId=public["AllocationId"])
    table = ec2.create_route_table(VpcId=vpc.id)["RouteTable"]["RouteTableId"]
    attachment = ec2.associate_route_table(RouteTableId=table, GatewayId=vpc.gateway)["AssociationId"]
    world.settle()
    before = passed(world, box.id)
    assert ping(world, "internet", public["PublicIp"])
    assert passed(world, box.id) == before
    block = f"10.{vpc.number}.1.0/24"
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, NetworkInterfaceId=eni)
    world.settle()
    assert ping(world, "internet", public["PublicIp"])
    assert passed(world, box.id) == before + 1
    ec2.disassociate_route_table(AssociationId=attachment)
    world.settle()
    assert ping(world, "internet", public["PublicIp"])
    assert passed(world, box.id) == before + 1
    (two,) = world.launch(vpc.right, vpc.group)
    there = f"10.{vpc.number}.2.0/24"
    ec2.create_route(RouteTableId=vpc.table, DestinationCidrBlock=there, NetworkInterfaceId=eni)
    world.settle()
    assert ping(world, one.id, two.ip)
    assert passed(world, box.id) == before + 2
