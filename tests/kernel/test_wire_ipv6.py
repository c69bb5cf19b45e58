"""IPv6 through the API: instances meet, reach the internet in their own names, and read of themselves."""

from types import SimpleNamespace

import pytest

from blocks6 import numbered

ROOT = "http://[fd00:ec2::254]/latest"
INTERNET = "3fff::1"


@pytest.fixture(scope="module")
def place(world):
    vpc = world.vpc()
    world.ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
    (shown,) = world.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
    block = shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    for number, subnet in enumerate((vpc.left, vpc.right)):
        part = numbered(block, number)
        world.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=part)
    world.allow(vpc.group, "icmpv6", Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    anywhere = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    world.ec2.authorize_security_group_egress(GroupId=vpc.group, IpPermissions=anywhere)
    world.ec2.create_route(RouteTableId=vpc.table, DestinationIpv6CidrBlock="::/0", GatewayId=vpc.gateway)
    (one,) = world.launch(vpc.left, vpc.group, Ipv6AddressCount=2)
    (two,) = world.launch(vpc.right, vpc.group, Ipv6AddressCount=1)
    world.settle()
    yield SimpleNamespace(vpc=vpc, one=one, two=two, block=block)
    world.cli("reset")


def interface(instance):
    return instance.shown["NetworkInterfaces"][0]


def addresses(instance):
    return [one["Ipv6Address"] for one in interface(instance)["Ipv6Addresses"]]


def meets(world, where, address, options=""):
    return world.sh(where, f"ping -n -c1 -W1 {options} {address}").returncode == 0


def test_instances_have_their_addresses_and_meet(world, place):
    first, second = addresses(place.one)
    (other,) = addresses(place.two)
    assert all(f"{address}/128" in world.out(place.one.id, "ip -6 addr") for address in (first, second))
    for address in (first, second):
        assert meets(world, place.two.id, address)
        assert meets(world, place.one.id, other, f"-I {address}")
    assert not meets(world, place.one.id, place.two.ip), "the rule is for ICMPv6"


def test_the_internet_needs_no_translation(world, place):
    (address,) = addresses(place.two)
    assert meets(world, place.two.id, INTERNET)
    assert meets(world, "internet", address)
    world.ec2.revoke_security_group_ingress(
        GroupId=place.vpc.group,
        IpPermissions=[
            {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
        ],
    )
    world.settle()
    assert not meets(world, "internet", address)
    assert meets(world, place.two.id, INTERNET), "the answer belongs to a flow"
    world.allow(place.vpc.group, "icmpv6", Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    world.settle()


def test_out_only(world, place):
    gateway = world.ec2.create_egress_only_internet_gateway(VpcId=place.vpc.id)["EgressOnlyInternetGateway"]
    world.ec2.replace_route(
        RouteTableId=place.vpc.table, DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=gateway["EgressOnlyInternetGatewayId"],
    )  # fmt: skip
    world.settle()
    assert meets(world, place.two.id, INTERNET)
    assert not meets(world, "internet", addresses(place.two)[0])
    world.ec2.replace_route(
        RouteTableId=place.vpc.table, DestinationIpv6CidrBlock="::/0", GatewayId=place.vpc.gateway
    )
    world.settle()
    assert meets(world, "internet", addresses(place.two)[0])


def test_addresses_and_prefixes_come_and_go(world, place):
    eni = interface(place.one)["NetworkInterfaceId"]
    (new,) = world.ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6AddressCount=1)[
        "AssignedIpv6Addresses"
    ]
    world.settle()
    assert meets(world, place.two.id, new)
    world.ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[new])
    (prefix,) = world.ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6PrefixCount=1)[
        "AssignedIpv6Prefixes"
    ]
    inner = prefix.replace("::/80", "::7")
    world.settle()
    assert not meets(world, place.two.id, new)
    world.out(place.one.id, f"ip addr add {inner}/128 dev lo")
    assert meets(world, place.two.id, inner)
    assert meets(world, place.one.id, addresses(place.two)[0], f"-I {inner}")


def test_metadata_by_ipv6_where_it_is_enabled(world, place):
    status = f"curl -g -s -o /dev/null -w '%{{http_code}}' {ROOT}/meta-data/instance-id"
    assert world.out(place.one.id, status) == "403"
    world.ec2.modify_instance_metadata_options(InstanceId=place.one.id, HttpProtocolIpv6="enabled")
    first, second = addresses(place.one)
    for source in (first, second):
        said = world.out(place.one.id, f"curl -g -s --interface {source} {ROOT}/meta-data/instance-id")
        assert said == place.one.id
    assert world.out(place.one.id, f"curl -g -s {ROOT}/meta-data/ipv6") == first
    token = world.out(
        place.one.id, f"curl -g -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {ROOT}/api/token"
    )
    assert world.out(
        place.one.id, f"curl -s -H 'X-aws-ec2-metadata-token: {token}' http://169.254.169.254/latest/meta-data/instance-id"
    ) == place.one.id  # fmt: skip
    assert world.out(place.two.id, status) == "403"


def test_the_hop_limit_of_a_token_s_answer(world, place):
    """A namespace behind the instance, one hop further away, as a container behind a bridge is."""
    prefix = world.ec2.assign_ipv6_addresses(
        NetworkInterfaceId=interface(place.two)["NetworkInterfaceId"], Ipv6PrefixCount=1
    )["AssignedIpv6Prefixes"][0].removesuffix("/80")
    world.ec2.modify_instance_metadata_options(InstanceId=place.two.id, HttpProtocolIpv6="enabled")
    world.settle()
    world.out(
        place.two.id,
        "ip link add c0 type veth peer name c1; ip netns add c; ip link set c1 netns c;"
        f"ip addr add {prefix}1/80 dev c0 nodad; ip link set c0 up; ip -n c addr add {prefix}2/80 dev c1 nodad;"
        f"ip -n c link set c1 up; ip -n c route add default via {prefix}1;"
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
    )
    inside = f"ip netns exec c curl -g -s -m 2 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {ROOT}/api/token"
    assert world.sh(place.two.id, inside).returncode != 0
    world.ec2.modify_instance_metadata_options(InstanceId=place.two.id, HttpPutResponseHopLimit=2)
    assert world.out(place.two.id, inside) != ""
