"""The way between two interfaces, or the reason why there is none."""

import pytest

from blocks6 import numbered
from elastinet.catalog.nat64 import embedded
from elastinet.ec2.core.fact import InstanceGone
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.paths import NetworkPath, NoNetworkPath, flow, path
from small_region import HERE, OWNER, THERE, Region


@pytest.fixture
def region() -> Region:
    return Region()


def between(
    region: Region, one: NetworkInterface, other: NetworkInterface, *, public: bool = False
) -> NetworkPath:
    """The path between two interfaces as they are now."""
    now = (region.state.need(NetworkInterface, interface.id) for interface in (one, other))
    return path(region.state, *now, public=public)


def refused(
    region: Region, one: NetworkInterface, other: NetworkInterface, *parts: str, public: bool = False
) -> None:
    for pair in ((one, other), (other, one)):
        with pytest.raises(NoNetworkPath) as why:
            between(region, *pair, public=public)
        assert "\n" not in str(why.value)
        for part in parts:
            assert part in str(why.value)


def test_inside_a_vpc(region: Region) -> None:
    vpc = region.vpc("10.0.0.0/16")
    one, other = (region.launch(region.subnet(vpc, f"10.0.{n}.0/24")) for n in (1, 2))
    assert between(region, one, other) == NetworkPath("vpc", 9001)


def ipv6(region: Region, vpc: str, cidr: str = "") -> str:
    """A subnet with IPv6; of IPv6 only, if it gets no IPv4 block."""
    (shown,) = region.call("DescribeVpcs", VpcIds=[vpc])["Vpcs"]
    if not shown.get("Ipv6CidrBlockAssociationSet"):
        region.call("AssociateVpcCidrBlock", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
        (shown,) = region.call("DescribeVpcs", VpcIds=[vpc])["Vpcs"]
    block = shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    there = {s.cidr6 for s in region.state.where(Subnet, "vpc-id", vpc)}
    block = numbered(block, len(there))
    family = {"CidrBlock": cidr} if cidr else {"Ipv6Native": True}
    made = region.call("CreateSubnet", VpcId=vpc, Ipv6CidrBlock=block, **family)["Subnet"]["SubnetId"]
    region.call("ModifySubnetAttribute", SubnetId=made, AssignIpv6AddressOnCreation={"Value": True})
    return str(made)


def known_as(region: Region, one: NetworkInterface, other: NetworkInterface) -> tuple[str, str]:
    found = flow(region.state, one, other)
    return found.source_ip, found.target_ip


def test_ipv6_only(region: Region) -> None:
    vpc = region.vpc("10.0.0.0/16")
    one, both = region.launch(ipv6(region, vpc)), region.launch(ipv6(region, vpc, "10.0.1.0/24"))
    for pair in ((one, both), (both, one)):
        assert between(region, *pair) == NetworkPath("vpc", 9001)
        assert known_as(region, *pair) == (pair[0].addresses6[0], pair[1].addresses6[0])


def test_ipv6_only_between_vpcs(region: Region) -> None:
    vpcs = [region.vpc(f"10.{n}.0.0/16") for n in (0, 1)]
    one, other = (region.launch(ipv6(region, vpc)) for vpc in vpcs)
    refused(region, one, other, "nor through internet gateways")
    for vpc in vpcs:
        target = {"DestinationIpv6CidrBlock": "::/0", "GatewayId": region.gateway(vpc)}
        region.call("CreateRoute", RouteTableId=region.table(vpc), **target)
    assert between(region, one, other) == NetworkPath("gateway", 1500)
    peering = region.peer(*vpcs)
    for vpc in vpcs:
        (block,) = region.state.need(Vpc, vpcs[vpc == vpcs[0]]).cidrs6
        target = {"DestinationIpv6CidrBlock": block, "VpcPeeringConnectionId": peering}
        region.call("CreateRoute", RouteTableId=region.table(vpc), **target)
    assert between(region, one, other) == NetworkPath("peering", 9001, peering)


def test_from_ipv6_to_ipv4(region: Region) -> None:
    vpc = region.vpc("10.0.0.0/16")
    apart = region.subnet(vpc, "10.0.1.0/24")
    one, old = region.launch(ipv6(region, vpc)), region.launch(apart)
    refused(region, old, one, "")
    with pytest.raises(NoNetworkPath, match=f"{old.id} has no IPv6 address"):
        between(region, one, old)
    made = region.call("CreateNatGateway", SubnetId=apart, ConnectivityType="private")["NatGateway"]
    id = made["NatGatewayId"]
    route = {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": id}
    region.call("CreateRoute", RouteTableId=region.table(vpc), **route)
    assert between(region, one, old) == NetworkPath("vpc", 9001, None, (id,))
    private = region.state.need(NatGateway, id).private_ip
    assert known_as(region, one, old) == (private, embedded(old.primary))
    with pytest.raises(NoNetworkPath, match="IPv4 does not reach IPv6"):
        between(region, old, one)
    with pytest.raises(NoNetworkPath, match="has no public address"):
        between(region, one, old, public=True)


def test_from_ipv6_to_ipv4_in_another_vpc(region: Region) -> None:
    vpc, far = region.vpc("10.0.0.0/16"), region.vpc("10.1.0.0/16")
    apart = region.subnet(vpc, "10.0.1.0/24")
    region.gateway(vpc)
    region.gateway(far)
    one, old = region.launch(ipv6(region, vpc)), region.launch(region.subnet(far, "10.1.1.0/24"), public=True)
    address = region.call("AllocateAddress", Domain="vpc")["AllocationId"]
    made = region.call("CreateNatGateway", SubnetId=apart, AllocationId=address)["NatGateway"]
    route = {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": made["NatGatewayId"]}
    region.call("CreateRoute", RouteTableId=region.table(vpc), **route)
    assert between(region, one, old) == NetworkPath("gateway", 1500, None, (made["NatGatewayId"],))
    public = region.state.need(NatGateway, made["NatGatewayId"]).public_ip
    assert known_as(region, one, old) == (public, embedded(str(old.public_ip)))


def test_to_itself(region: Region) -> None:
    one = region.launch(region.subnet(region.vpc("10.0.0.0/16"), "10.0.1.0/24"))
    refused(region, one, one, "both ends are i-")


def test_who_does_not_run(region: Region) -> None:
    subnet = region.subnet(region.vpc("10.0.0.0/16"), "10.0.1.0/24")
    one, other = region.launch(subnet), region.launch(subnet)
    id = region.instance(other).id
    region.call("StopInstances", InstanceIds=[id])
    refused(region, one, other, f"{id} is stopping")
    region.engine.report(OWNER, HERE, InstanceGone(id, True))
    refused(region, one, other, f"{id} is stopped, not running")


def test_an_interface_in_nothing(region: Region) -> None:
    subnet = region.subnet(region.vpc("10.0.0.0/16"), "10.0.1.0/24")
    one = region.launch(subnet)
    loose = region.call("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    refused(region, one, region.state.need(NetworkInterface, loose), f"{loose} is in no instance")


def test_a_host_without_network(region: Region) -> None:
    subnet = region.subnet(region.vpc("10.0.0.0/16"), "10.0.1.0/24")
    one, other = region.launch(subnet), region.launch(subnet)
    for instance in (region.instance(one), region.instance(other)):
        region.state.replace(type(instance), instance.id, instance.but(host_failure="network"))
    refused(region, one, other, "has lost its network")


def test_through_a_middlebox(region: Region) -> None:
    vpc = region.vpc("10.0.0.0/16")
    left, right, middle = (region.subnet(vpc, f"10.0.{n}.0/24") for n in (1, 2, 3))
    one, other, box = (region.launch(subnet) for subnet in (left, right, middle))
    table = region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=left)
    region.call(
        "CreateRoute", RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", NetworkInterfaceId=box.id
    )
    refused(region, one, other, "source/destination check", box.id)
    region.call(
        "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, SourceDestCheck={"Value": False}
    )
    assert between(region, one, other) == NetworkPath("vpc", 9001, middleboxes=(box.id,))
    assert between(region, other, one) == NetworkPath("vpc", 9001, middleboxes=(box.id,))
    assert between(region, one, box) == NetworkPath("vpc", 9001)
    region.call("StopInstances", InstanceIds=[region.instance(box).id])
    refused(region, one, other, region.instance(box).id, "is stopping")
    region.call("StopInstances", InstanceIds=[region.instance(box).id], Force=True)
    refused(region, one, other, "10.0.2.0/24", table, "a black hole")


@pytest.mark.parametrize(("other_region", "expected"), [(HERE, ("peering", 9001)), (THERE, ("region", 8500))])
def test_over_a_peering_connection(region: Region, other_region: str, expected: tuple[str, int]) -> None:
    left, right = region.vpc("10.1.0.0/16"), region.vpc("10.2.0.0/16", other_region)
    one = region.launch(region.subnet(left, "10.1.1.0/24"))
    other = region.launch(region.subnet(right, "10.2.1.0/24", other_region), region=other_region)
    refused(region, one, other, "no peering connection joins", "nor through internet gateways: eni-")
    peering = region.peer(left, right, HERE, other_region)
    region.route(left, "10.2.0.0/16", VpcPeeringConnectionId=peering)
    refused(region, one, other, "has no route to 10.1.")
    region.route(right, "10.1.0.0/16", other_region, VpcPeeringConnectionId=peering)
    assert between(region, one, other) == NetworkPath(*expected, peering=peering)  # type: ignore[arg-type]
    region.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    refused(region, one, other, "a black hole", peering)


def test_a_peering_connection_with_somebody_else(region: Region) -> None:
    left, right, third = (region.vpc(f"10.{n}.0.0/16") for n in (1, 2, 3))
    one, other = (region.launch(region.subnet(vpc, f"10.{n}.1.0/24")) for vpc, n in ((left, 1), (right, 2)))
    for vpc, block in ((left, "10.2.0.0/16"), (right, "10.1.0.0/16")):
        region.route(vpc, block, VpcPeeringConnectionId=region.peer(vpc, third))
    refused(region, one, other, "no peering connection joins")


def test_through_internet_gateways(region: Region) -> None:
    left, right = region.vpc("10.1.0.0/16"), region.vpc("10.1.0.0/16", THERE)
    one = region.launch(region.subnet(left, "10.1.1.0/24"), public=True)
    other = region.launch(region.subnet(right, "10.1.2.0/24", THERE), region=THERE, public=True)
    refused(region, one, other, "has no internet gateway")
    region.gateway(left)
    refused(region, one, other, "has no internet gateway")
    region.gateway(right, THERE)
    assert between(region, one, other) == NetworkPath("gateway", 1500)


def test_by_public_addresses_inside_a_vpc(region: Region) -> None:
    vpc = region.vpc("10.0.0.0/16")
    subnet = region.subnet(vpc, "10.0.1.0/24")
    one, other = region.launch(subnet, public=True), region.launch(subnet)
    gateway = region.gateway(vpc)
    refused(region, one, other, other.id, "no public address", public=True)
    address = region.call("AllocateAddress")["AllocationId"]
    region.call("AssociateAddress", AllocationId=address, NetworkInterfaceId=other.id)
    assert between(region, one, other) == NetworkPath("vpc", 9001)
    assert between(region, one, other, public=True) == NetworkPath("gateway", 1500)
    region.call(
        "DisassociateAddress", AssociationId=region.call("DescribeAddresses")["Addresses"][0]["AssociationId"]
    )
    region.call("ReleaseAddress", AllocationId=address)
    region.state.replace(
        NetworkInterface, one.id, region.state.need(NetworkInterface, one.id).but(public_ip=None)
    )
    region.call("DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    refused(region, one, other, "no public address", public=True)


def test_out_through_a_nat_gateway(region: Region) -> None:
    left, right = region.vpc("10.1.0.0/16"), region.vpc("10.2.0.0/16")
    inner, outer = region.subnet(left, "10.1.1.0/24"), region.subnet(left, "10.1.2.0/24")
    one, other = region.launch(inner), region.launch(region.subnet(right, "10.2.1.0/24"), public=True)
    region.gateway(left)
    region.gateway(right)
    address = region.call("AllocateAddress")["AllocationId"]
    made = region.call("CreateNatGateway", SubnetId=outer, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = region.call("CreateRouteTable", VpcId=left)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=inner)
    region.call("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
    assert between(region, one, other) == NetworkPath("gateway", 1500, middleboxes=(made,))
    with pytest.raises(NoNetworkPath, match="no public address"):
        between(region, other, one)
