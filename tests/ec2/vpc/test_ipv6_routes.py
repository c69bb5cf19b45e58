"""Routes of IPv6, and what they lead to."""

import ipaddress
from types import SimpleNamespace

import pytest

from dual_stack import dual_stack_vpc, first_subnet_block
from refused import refused

ANYWHERE = "::/0"


@pytest.fixture
def net(ec2):
    vpc = dual_stack_vpc(ec2)
    block = first_subnet_block(ec2, vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    made = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
    return SimpleNamespace(
        vpc=vpc,
        subnet=subnet,
        block=block,
        gateway=gateway,
        egress=made["EgressOnlyInternetGatewayId"],
        table=ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
    )


def route(ec2, net, destination=ANYWHERE):
    (table,) = ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"]
    return next((r for r in table["Routes"] if r.get("DestinationIpv6CidrBlock") == destination), None)


def create(ec2, net, destination=ANYWHERE, **target):
    ec2.create_route(RouteTableId=net.table, DestinationIpv6CidrBlock=destination, **target)


def test_to_an_egress_only_gateway(ec2, net):
    create(ec2, net, EgressOnlyInternetGatewayId=net.egress)
    assert route(ec2, net) == {
        "DestinationIpv6CidrBlock": ANYWHERE,
        "EgressOnlyInternetGatewayId": net.egress,
        "Origin": "CreateRoute",
        "State": "active",
    }
    for name, value in (
        ("route.destination-ipv6-cidr-block", ANYWHERE),
        ("route.egress-only-internet-gateway-id", net.egress),
    ):
        found = ec2.describe_route_tables(Filters=[{"Name": name, "Values": [value]}])["RouteTables"]
        assert [t["RouteTableId"] for t in found] == [net.table], name
    ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=net.egress)
    assert route(ec2, net)["State"] == "blackhole"
    ec2.create_egress_only_internet_gateway(VpcId=net.vpc)
    assert route(ec2, net)["State"] == "blackhole"


def test_both_families_side_by_side(ec2, net):
    create(ec2, net, GatewayId=net.gateway)
    ec2.create_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.gateway)
    assert route(ec2, net)["GatewayId"] == net.gateway
    ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)
    assert route(ec2, net)["State"] == "blackhole"


def test_to_an_interface_and_to_a_peering(ec2, net):
    eni = ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    create(ec2, net, "2001:db8:8000::/40", NetworkInterfaceId=eni)
    assert route(ec2, net, "2001:db8:8000::/40")["State"] == "blackhole"
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    asked = ec2.create_vpc_peering_connection(VpcId=net.vpc, PeerVpcId=other["VpcId"])
    peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    block = other["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    create(ec2, net, block, VpcPeeringConnectionId=peering)
    assert route(ec2, net, block)["State"] == "blackhole"
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert route(ec2, net, block)["State"] == "active"


def test_replace_and_delete(ec2, net):
    target = {"RouteTableId": net.table, "DestinationIpv6CidrBlock": ANYWHERE}
    with refused("InvalidParameterValue", f"There is no route defined for '{ANYWHERE}'"):
        ec2.replace_route(GatewayId=net.gateway, **target)
    create(ec2, net, GatewayId=net.gateway)
    with refused("RouteAlreadyExists", f"The route identified by {ANYWHERE} already exists."):
        create(ec2, net, "0:0::/0", EgressOnlyInternetGatewayId=net.egress)
    ec2.replace_route(EgressOnlyInternetGatewayId=net.egress, **target)
    assert "GatewayId" not in route(ec2, net)
    ec2.delete_route(**target)
    with refused("InvalidRoute.NotFound", f"no route with destination-ipv6-cidr-block {ANYWHERE}"):
        ec2.delete_route(**target)
    with refused("InvalidParameterValue", "local route"):
        local = net.block.replace("/64", "/56")
        ec2.delete_route(RouteTableId=net.table, DestinationIpv6CidrBlock=local)


@pytest.mark.parametrize(
    "cidr", ["fd00:ec2::/32", "fd00:ec2::254/128", "10.0.0.0/8", "nowhere", "::1", "::/129"]
)
def test_destinations_that_cannot_be(ec2, net, cidr):
    with refused("InvalidParameterValue", cidr):
        create(ec2, net, cidr, GatewayId=net.gateway)


def test_inside_the_vpc(ec2, net):
    eni = ec2.create_network_interface(SubnetId=net.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    third_quarter = str(list(ipaddress.IPv6Network(net.block).subnets(2))[2])
    with refused("InvalidParameterValue", "doesn't match any subnet"):
        create(ec2, net, third_quarter, NetworkInterfaceId=eni)
    with refused("InvalidParameterValue", "can target only an interface"):
        create(ec2, net, net.block, EgressOnlyInternetGatewayId=net.egress)
    create(ec2, net, net.block, NetworkInterfaceId=eni)
    assert route(ec2, net, net.block)["NetworkInterfaceId"] == eni


def test_one_destination_a_call(ec2, net):
    with refused("InvalidParameterCombination"):
        create(ec2, net, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.gateway)
    assert route(ec2, net) is None


def test_egress_only_gateways_are_for_ipv6(ec2, net):
    def to(id, **destination):
        ec2.create_route(RouteTableId=net.table, EgressOnlyInternetGatewayId=id, **destination)

    with refused("InvalidParameterValue", "IPv6 destinations only"):
        to(net.egress, DestinationCidrBlock="0.0.0.0/0")
    with refused("InvalidGatewayID.NotFound"):
        to("eigw-00000000000000000", DestinationIpv6CidrBlock=ANYWHERE)
    with refused("InvalidGatewayID.NotFound"):
        to("eigw-x", DestinationIpv6CidrBlock=ANYWHERE)
    with refused("InvalidParameterCombination"):
        to(net.egress, DestinationIpv6CidrBlock=ANYWHERE, GatewayId=net.gateway)
    far = ec2.create_egress_only_internet_gateway(VpcId=dual_stack_vpc(ec2))["EgressOnlyInternetGateway"]
    with refused("InvalidParameterValue", "belong to different networks"):
        to(far["EgressOnlyInternetGatewayId"], DestinationIpv6CidrBlock=ANYWHERE)
    assert route(ec2, net) is None


def test_prefix_lists_have_a_family(ec2, net):
    def listed(family, cidr):
        entries = [{"Cidr": cidr}]
        fields = {"PrefixListName": family, "AddressFamily": family, "MaxEntries": 1, "Entries": entries}
        return ec2.create_managed_prefix_list(**fields)["PrefixList"]["PrefixListId"]

    four, six = listed("IPv4", "192.0.2.0/24"), listed("IPv6", "2001:db8:8000::/40")
    nat = ec2.create_nat_gateway(SubnetId=net.subnet, ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    for id, target in ((four, {"EgressOnlyInternetGatewayId": net.egress}), (six, {"NatGatewayId": nat})):
        with refused("InvalidParameterValue", id):
            ec2.create_route(RouteTableId=net.table, DestinationPrefixListId=id, **target)
    for id, target in ((six, {"EgressOnlyInternetGatewayId": net.egress}), (four, {"NatGatewayId": nat})):
        ec2.create_route(RouteTableId=net.table, DestinationPrefixListId=id, **target)


def test_nat_gateways_are_for_ipv4(ec2, net):
    nat = ec2.create_nat_gateway(SubnetId=net.subnet, ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    with refused("InvalidParameterValue", "64:ff9b::/96"):
        create(ec2, net, NatGatewayId=nat)
    assert route(ec2, net) is None
    create(ec2, net, "64:ff9b::/96", NatGatewayId=nat)
    assert route(ec2, net, "64:ff9b::/96")["NatGatewayId"] == nat


def test_each_family_has_a_quota_of_its_own(ec2, net):
    for number in range(50):
        create(ec2, net, f"2001:db8:8000:{number:x}::/64", GatewayId=net.gateway)
    with refused("RouteLimitExceeded"):
        create(ec2, net, GatewayId=net.gateway)
    ec2.create_route(RouteTableId=net.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=net.gateway)
