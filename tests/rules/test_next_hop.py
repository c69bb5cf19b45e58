"""Where a route leads, or the reason why it leads nowhere; and that the desired network says the same."""

import pytest

from blocks6 import numbered
from elastinet.ec2.core.fact import InstanceGone
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.desired.desired import build, everything
from elastinet.fabric.desired.touching import touched
from elastinet.model.change import Change
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import Subnet
from elastinet.rules.next_hop import NextHop, Nowhere, is_blackhole, next_hop
from small_region import HERE, OWNER, Region

ELSEWHERE, ELSEWHERE6, NAT64 = "198.18.0.0/15", "2001:db8:ffff::/48", "64:ff9b::/96"


class Place:
    """A VPC with an instance in it, whose interface is the target of routes."""

    def __init__(self) -> None:
        self.region = region = Region()
        self.vpc = region.vpc("10.0.0.0/16")
        self.subnet = region.subnet(self.vpc, "10.0.1.0/24")
        self.box = region.launch(self.subnet).id
        self.table = region.table(self.vpc)

    @property
    def state(self) -> State:
        return self.region.state

    def leads(self, destination: str = ELSEWHERE, *, ipv6: bool = False) -> NextHop | Nowhere:
        table = self.state.need(RouteTable, self.table)
        return next_hop(self.state, table, self.route(destination), ipv6=ipv6)

    def route(self, destination: str) -> Route:
        table = self.state.need(RouteTable, self.table)
        return next(route for route in table.routes if route.destination == destination)

    def is_shown_lost(self, destination: str = ELSEWHERE) -> bool:
        return is_blackhole(self.state, self.state.need(RouteTable, self.table), self.route(destination))

    def check(self, on: bool) -> None:
        self.region.call(
            "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=self.box, SourceDestCheck={"Value": on}
        )

    def compiled(self, destination: str = ELSEWHERE) -> str:
        """The target of a route in the desired network."""
        found = build(self.state, Key("table", self.table), self.region.settings)
        return next(route.target for route in found.routes if route.destination == destination)  # type: ignore[union-attr]


@pytest.fixture
def place() -> Place:
    return Place()


def test_an_interface_leads_on_only_without_its_check(place: Place) -> None:
    place.region.route(place.vpc, ELSEWHERE, NetworkInterfaceId=place.box)
    assert place.leads() is Nowhere.CHECKED
    assert place.compiled() == "blackhole"
    assert not place.is_shown_lost(), "EC2 shows such a route as active"
    place.check(False)
    assert place.leads() == NextHop("interface", place.box, place.box)
    assert place.compiled() == place.box


def test_a_change_of_the_check_touches_the_routes(place: Place) -> None:
    place.region.route(place.vpc, ELSEWHERE, NetworkInterfaceId=place.box)
    old = place.state.need(NetworkInterface, place.box)
    change = Change(NetworkInterface, place.box, old, old.but(source_dest_check=False))
    have = everything(place.state, place.region.settings)
    assert Key("table", place.table) in set(touched(place.state, change, have))


def test_an_instance_that_does_not_run(place: Place) -> None:
    place.region.route(place.vpc, ELSEWHERE, NetworkInterfaceId=place.box)
    place.check(False)
    instance = place.region.instance(place.state.need(NetworkInterface, place.box)).id
    place.region.call("StopInstances", InstanceIds=[instance])
    place.region.engine.report(OWNER, HERE, InstanceGone(instance, True))
    assert place.leads() is Nowhere.NOT_RUNNING
    assert place.is_shown_lost()
    place.region.call("TerminateInstances", InstanceIds=[instance])
    assert place.state.need(Instance, instance).state == "terminated"
    assert place.leads() is Nowhere.GONE


def test_an_interface_in_nothing(place: Place) -> None:
    made = place.region.call("CreateNetworkInterface", SubnetId=place.subnet)["NetworkInterface"]
    place.region.route(place.vpc, ELSEWHERE, NetworkInterfaceId=made["NetworkInterfaceId"])
    assert place.leads() is Nowhere.DETACHED
    place.region.call("DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterfaceId"])
    assert place.leads() is Nowhere.GONE


def test_an_internet_gateway(place: Place) -> None:
    gateway = place.region.gateway(place.vpc)
    assert place.leads("0.0.0.0/0") == NextHop("gateway", gateway)
    assert place.compiled("0.0.0.0/0") == "igw"
    place.region.call("DetachInternetGateway", InternetGatewayId=gateway, VpcId=place.vpc)
    assert place.leads("0.0.0.0/0") is Nowhere.DETACHED
    place.region.call("DeleteInternetGateway", InternetGatewayId=gateway)
    assert place.leads("0.0.0.0/0") is Nowhere.GONE


def test_a_peering_connection(place: Place) -> None:
    other = place.region.vpc("10.1.0.0/16")
    asked = place.region.call("CreateVpcPeeringConnection", VpcId=place.vpc, PeerVpcId=other)
    peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    place.region.route(place.vpc, "10.1.0.0/16", VpcPeeringConnectionId=peering)
    assert place.leads("10.1.0.0/16") is Nowhere.INACTIVE
    place.region.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert place.leads("10.1.0.0/16") == NextHop("peering", peering)
    assert place.compiled("10.1.0.0/16") == peering


def test_a_nat_gateway_translates_what_stands_for_ipv4(place: Place) -> None:
    made = place.region.call("CreateNatGateway", SubnetId=place.subnet, ConnectivityType="private")
    nat = made["NatGateway"]["NatGatewayId"]
    interface = place.state.need(NatGateway, nat).interface_id
    place.region.route(place.vpc, ELSEWHERE, NatGatewayId=nat)
    place.region.call(
        "CreateRoute", RouteTableId=place.table, DestinationIpv6CidrBlock=NAT64, NatGatewayId=nat
    )
    assert place.leads() == NextHop("nat", nat, interface)
    assert place.leads(NAT64, ipv6=True) == NextHop("nat", nat, interface)
    assert not place.is_shown_lost(NAT64)
    assert [place.compiled(block) for block in (ELSEWHERE, NAT64)] == [interface, interface]
    place.region.call("DeleteNatGateway", NatGatewayId=nat)
    assert place.leads() is Nowhere.INACTIVE


def test_ipv4_through_an_interface_of_ipv6_only(place: Place) -> None:
    region = place.region
    region.call("AssociateVpcCidrBlock", VpcId=place.vpc, AmazonProvidedIpv6CidrBlock=True)
    (vpc,) = region.call("DescribeVpcs", VpcIds=[place.vpc])["Vpcs"]
    block = numbered(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"], 0)
    asked = {"VpcId": place.vpc, "Ipv6CidrBlock": block, "Ipv6Native": True}
    box = region.launch(region.call("CreateSubnet", **asked)["Subnet"]["SubnetId"])
    off = {"SourceDestCheck": {"Value": False}}
    region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, **off)
    region.route(place.vpc, ELSEWHERE, NetworkInterfaceId=box.id)
    own = {"RouteTableId": place.table, "DestinationIpv6CidrBlock": ELSEWHERE6}
    region.call("CreateRoute", **own, NetworkInterfaceId=box.id)
    assert place.leads() is Nowhere.NO_IPV4
    assert place.leads(ELSEWHERE6, ipv6=True) == NextHop("interface", box.id, box.id)
    assert [place.compiled(b) for b in (ELSEWHERE, ELSEWHERE6)] == ["blackhole", box.id]


def test_ipv6_through_an_interface_whose_subnet_has_a_block(place: Place) -> None:
    region = place.region
    region.call("AssociateVpcCidrBlock", VpcId=place.vpc, AmazonProvidedIpv6CidrBlock=True)
    (vpc,) = region.call("DescribeVpcs", VpcIds=[place.vpc])["Vpcs"]
    block = numbered(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"], 0)
    region.call(
        "CreateRoute",
        RouteTableId=place.table,
        DestinationIpv6CidrBlock=ELSEWHERE6,
        NetworkInterfaceId=place.box,
    )
    place.check(False)
    assert place.leads(ELSEWHERE6, ipv6=True) is Nowhere.NO_IPV6
    assert place.compiled(ELSEWHERE6) == "blackhole"
    before = place.state.need(Subnet, place.subnet)
    region.call("AssociateSubnetCidrBlock", SubnetId=place.subnet, Ipv6CidrBlock=block)
    assert place.leads(ELSEWHERE6, ipv6=True) == NextHop("interface", place.box, place.box)
    assert place.compiled(ELSEWHERE6) == place.box
    change = Change(Subnet, before.id, before, place.state.need(Subnet, before.id))
    have = everything(place.state, region.settings)
    assert Key("table", place.table) in set(touched(place.state, change, have))


def test_the_local_route(place: Place) -> None:
    assert place.leads("10.0.0.0/16") == NextHop("local", "local")
