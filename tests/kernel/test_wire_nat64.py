"""From the API to packets: a subnet of IPv6 only, its names and metadata, and its way to IPv4."""

import json
import os
import time
from types import SimpleNamespace

import pytest

from blocks6 import numbered
from elastinet.fabric.agent.abilities import translation_fault
from forked import forked

INTERNET, INTERNET4 = "3fff::1", "64:ff9b::203.0.113.1"
METADATA = "http://[fd00:ec2::254]/latest/meta-data"
EVERY6 = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]


@pytest.fixture(scope="module")
def net(world):
    """A subnet of IPv6 only, one of IPv4 only, and a public one with a NAT gateway."""
    made, ec2 = world.vpc(), world.ec2
    answer = ec2.associate_vpc_cidr_block(VpcId=made.id, AmazonProvidedIpv6CidrBlock=True)
    block = numbered(answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"], 0)
    asked = {"VpcId": made.id, "Ipv6CidrBlock": block, "Ipv6Native": True}
    made.six = ec2.create_subnet(**asked)["Subnet"]["SubnetId"]
    made.own = ec2.create_route_table(VpcId=made.id)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=made.own, SubnetId=made.six)
    gateway = ec2.create_egress_only_internet_gateway(VpcId=made.id)["EgressOnlyInternetGateway"]
    ec2.create_route(
        RouteTableId=made.own,
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=gateway["EgressOnlyInternetGatewayId"],
    )
    ec2.authorize_security_group_egress(GroupId=made.group, IpPermissions=EVERY6)
    world.allow(made.group, "-1")
    world.allow(made.group, "-1", Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    (made.one,) = world.launch(made.six, made.group, MetadataOptions={"HttpProtocolIpv6": "enabled"})
    (made.old,) = world.launch(made.left, made.group)
    world.settle()
    return made


@pytest.fixture(scope="module")
def nat(world, net):
    """The way to IPv4: DNS64 in the subnet, and a route to the NAT gateway in the public one."""
    if fault := translation_fault(None):
        pytest.skip(fault)
    ec2 = world.ec2
    address = ec2.allocate_address(Domain="vpc")
    made = ec2.create_nat_gateway(SubnetId=net.right, AllocationId=address["AllocationId"])["NatGateway"]
    id = made["NatGatewayId"]
    waiter = ec2.get_waiter("nat_gateway_available")
    waiter.wait(NatGatewayIds=[id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
    ec2.create_route(RouteTableId=net.own, DestinationIpv6CidrBlock="64:ff9b::/96", NatGatewayId=id)
    ec2.modify_subnet_attribute(SubnetId=net.six, EnableDns64={"Value": True})
    world.settle()
    return SimpleNamespace(id=id, public=address["PublicIp"])


def pings(world, source, target):
    return world.sh(source, f"ping -n -c 1 -W 2 {target}").returncode == 0


def becomes(question):
    """Whether something comes to be true within some seconds."""
    end = time.monotonic() + 20
    while not (found := question()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_an_instance_of_ipv6_only(world, net):
    assert net.one.ip is None
    assert world.out(net.one.id, "ip -4 addr show dev eth0") == ""
    assert world.out(net.one.id, "hostname").strip() == net.one.id
    assert pings(world, net.one.id, INTERNET)
    assert not pings(world, "internet", net.one.shown["Ipv6Address"]), "by an egress-only gateway"
    assert not pings(world, net.one.id, net.old.ip)


def test_its_metadata(world, net):
    def asked(path):
        return world.out(net.one.id, f"curl -s -g --max-time 5 '{METADATA}/{path}'")

    assert asked("ipv6") == net.one.shown["Ipv6Address"]
    assert asked("local-hostname") == f"{net.one.id}.ec2.internal"
    status = "curl -s -g --max-time 5 -o /dev/null -w '%{http_code}'"
    mac = asked("mac")
    own = f"network/interfaces/macs/{mac}"
    for path in ("local-ipv4", f"{own}/local-ipv4s", f"{own}/subnet-ipv4-cidr-block", "public-ipv4"):
        assert world.out(net.one.id, f"{status} '{METADATA}/{path}'") == "404", path
    assert asked(f"{own}/ipv6s") == net.one.shown["Ipv6Address"]


def test_it_reaches_ipv4_by_names(world, net, nat):
    name = net.old.shown["PrivateDnsName"]
    world.out(
        net.old.id, "mkdir -p /srv/www && echo hello > /srv/www/index.html && busybox httpd -h /srv/www"
    )
    found = world.out(net.one.id, f"getent ahostsv6 {name}").split()[0]
    assert found.startswith("64:ff9b::")
    page = f"curl -s --max-time 5 http://{name}/"
    assert becomes(lambda: world.sh(net.one.id, page).stdout.strip() == "hello")
    assert world.sh(net.old.id, f"getent ahostsv6 {name}").stdout.find("64:ff9b") == -1
    assert pings(world, net.one.id, INTERNET4)


def why(world, *words):
    asked = ["why", *words, "--probe", "--json", "--server-port", str(world.port)]
    return json.loads(forked("elastinet").run(asked, dict(os.environ)).stdout)


def test_why_says_what_packets_do(world, net, nat):
    """From IPv6 to IPv4 by the NAT gateway, inside and outside; never from IPv4 to IPv6."""
    ways = ((net.one.id, net.old.id), (net.one.id, "internet"), (net.old.id, net.one.id))
    for words in ((*way, *what) for way in ways for what in (("--port", "80"), ("--udp",), ("--icmp",))):
        found = why(world, *words)
        assert found["reachable"] == (words[0] == net.one.id), words
        assert (found["probe"]["seen"] == "answered") == found["reachable"], (words, found["probe"])
        assert found["version"] == (6 if found["reachable"] else 4)


def test_it_ends_with_its_route(world, net, nat):
    assert pings(world, net.one.id, INTERNET4)
    features = json.loads(world.cli("status", "--json").stdout)["features"]
    (feature,) = [f for f in features if "64:ff9b::/96" in f["feature"]]
    assert feature["level"] == "enforced"
    world.ec2.delete_route(RouteTableId=net.own, DestinationIpv6CidrBlock="64:ff9b::/96")
    world.settle()
    assert not pings(world, net.one.id, INTERNET4)
    world.ec2.create_route(RouteTableId=net.own, DestinationIpv6CidrBlock="64:ff9b::/96", NatGatewayId=nat.id)
    world.settle()
    assert pings(world, net.one.id, INTERNET4)
