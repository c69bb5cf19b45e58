"""Peered VPCs: what the API says of a connection is what packets meet."""

import pytest

from world import ping


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


def route(ec2, table, block, peering):
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=block, VpcPeeringConnectionId=peering)


def test_routes_on_both_sides_and_groups_across(world):
    ec2 = world.ec2
    here, there = world.vpc(), world.vpc()
    (one,) = world.launch(here.left, here.group)
    (two,) = world.launch(there.left, there.group)
    asked = ec2.create_vpc_peering_connection(VpcId=here.id, PeerVpcId=there.id)
    id = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    world.allow(there.group, "icmp", UserIdGroupPairs=[{"GroupId": here.group}])
    route(ec2, here.table, f"10.{there.number}.0.0/16", id)
    world.settle()
    assert not ping(world, one.id, two.ip)
    route(ec2, there.table, f"10.{here.number}.0.0/16", id)
    world.settle()
    assert ping(world, one.id, two.ip)
    assert not ping(world, two.id, one.ip), "that group lets nothing in"
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=id)
    world.settle()
    assert not ping(world, one.id, two.ip)


def test_two_regions(world):
    far = world.client("eu-west-1")
    here = world.vpc()
    vpc = far.create_vpc(CidrBlock="10.250.0.0/16")["Vpc"]["VpcId"]
    subnet = far.create_subnet(VpcId=vpc, CidrBlock="10.250.1.0/24")["Subnet"]["SubnetId"]
    described = [{"Name": "vpc-id", "Values": [vpc]}]
    (table,) = far.describe_route_tables(Filters=described)["RouteTables"]
    (group,) = far.describe_security_groups(Filters=described)["SecurityGroups"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    far.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=everything)
    (image,) = far.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    launched = far.run_instances(
        ImageId=image["ImageId"], InstanceType="c5.large", MinCount=1, MaxCount=1, SubnetId=subnet
    )["Instances"][0]
    (one,) = world.launch(here.left, here.group)
    asked = world.ec2.create_vpc_peering_connection(VpcId=here.id, PeerVpcId=vpc, PeerRegion="eu-west-1")
    id = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    far.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
    route(world.ec2, here.table, "10.250.0.0/16", id)
    route(far, table["RouteTableId"], f"10.{here.number}.0.0/16", id)
    waiter = far.get_waiter("instance_running")
    waiter.wait(InstanceIds=[launched["InstanceId"]], WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
    world.settle()
    address = launched["PrivateIpAddress"]
    assert ping(world, one.id, address)
    assert world.sh(one.id, f"ping -c 1 -W 1 -M do -s 8472 {address}").returncode == 0
    assert "mtu=8500" in world.sh(one.id, f"ping -c 1 -W 1 -M do -s 8500 {address}").stdout.replace(
        " = ", "="
    )
