"""Regions whose compiled programs are kept as text: each shows one thing that the compiler does."""

import random
from collections.abc import Callable
from typing import Any

from small_region import Region

ID_BITS = 32
"""Ids and MACs are drawn with more bits, choices among addresses with fewer."""
REGIONS: dict[str, Callable[[], Region]] = {}


def golden(make: Callable[[], Region]) -> Callable[[], Region]:
    """Add a region by its function's name."""
    REGIONS[make.__name__] = make
    return make


class Counting(random.Random):
    """Numbers one after the other for ids, and the lowest for all else: a draw more elsewhere changes no id."""

    def __init__(self) -> None:
        super().__init__(0)
        self._count = 0

    def getrandbits(self, bits: int, /) -> int:
        if bits <= ID_BITS:
            return 0
        self._count += 1
        return self._count << bits - ID_BITS  # in front: names of links are cut off


def _two() -> tuple[Region, str, list[str]]:
    """A VPC with two subnets."""
    region = Region(dice=Counting())
    vpc = region.vpc("10.0.0.0/16")
    return region, vpc, [region.subnet(vpc, f"10.0.{n}.0/24") for n in (1, 2)]


def _allow(region: Region, group: str, protocol: str, low: int, high: int, **peer: Any) -> None:
    ports = {"FromPort": low, "ToPort": high} if protocol != "-1" else {}
    permission = {"IpProtocol": protocol, **ports, **peer}
    region.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission])


@golden
def two_instances() -> Region:
    region, _, (left, right) = _two()
    region.launch(left)
    region.launch(right)
    return region


@golden
def internet_gateway() -> Region:
    """A public address, an Elastic one, and an instance that has none."""
    region, vpc, (left, right) = _two()
    region.gateway(vpc)
    region.launch(left, public=True)
    one = region.launch(right)
    region.launch(right)
    address = region.call("AllocateAddress", Domain="vpc")["AllocationId"]
    region.call("AssociateAddress", AllocationId=address, NetworkInterfaceId=one.id)
    return region


@golden
def security_groups() -> Region:
    """Ports, ICMP types, blocks inside of blocks, and a group as peer."""
    region, vpc, (left, right) = _two()
    one, other = region.launch(left), region.launch(right)
    made = region.call("CreateSecurityGroup", GroupName="web", Description="-", VpcId=vpc)["GroupId"]
    for block in ("0.0.0.0/0", "10.0.0.0/16"):
        _allow(region, made, "tcp", 80, 443, IpRanges=[{"CidrIp": block}])
    _allow(region, made, "tcp", 400, 500, IpRanges=[{"CidrIp": "10.0.1.0/24"}])
    _allow(region, made, "icmp", 8, 0, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    _allow(region, made, "50", -1, -1, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    _allow(region, made, "udp", 53, 53, UserIdGroupPairs=[{"GroupId": one.groups[0]}])
    region.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=other.id, Groups=[made])
    return region


@golden
def network_acl() -> Region:
    """A list of a subnet's own, by numbers and not by when they came."""
    region, vpc, (left, right) = _two()
    region.launch(left)
    region.launch(right)
    acl = region.call("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]
    for number, action, block in ((200, "allow", "0.0.0.0/0"), (100, "deny", "10.0.2.0/24")):
        for egress in (False, True):
            region.call(
                "CreateNetworkAclEntry",
                NetworkAclId=acl["NetworkAclId"],
                RuleNumber=number,
                Protocol="6",
                RuleAction=action,
                Egress=egress,
                CidrBlock=block,
                PortRange={"From": 0, "To": 65535},
            )
    asked = [{"Name": "association.subnet-id", "Values": [left]}]
    (old,) = region.call("DescribeNetworkAcls", Filters=asked)["NetworkAcls"]
    (own,) = (a for a in old["Associations"] if a["SubnetId"] == left)
    replaced = {"AssociationId": own["NetworkAclAssociationId"], "NetworkAclId": acl["NetworkAclId"]}
    region.call("ReplaceNetworkAclAssociation", **replaced)
    return region


@golden
def nat_instance() -> Region:
    """A route to an interface without the source/destination check, and one to an interface that has it."""
    region, vpc, (left, right) = _two()
    region.gateway(vpc)
    nat, checked = region.launch(left, public=True), region.launch(left)
    region.launch(right)
    region.call(
        "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=nat.id, SourceDestCheck={"Value": False}
    )
    table = region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=right)
    for block, target in (("0.0.0.0/0", nat.id), ("198.18.0.0/15", checked.id)):
        region.call("CreateRoute", RouteTableId=table, DestinationCidrBlock=block, NetworkInterfaceId=target)
    return region


@golden
def nat_gateway() -> Region:
    region, vpc, (left, right) = _two()
    region.gateway(vpc)
    region.launch(right)
    address = region.call("AllocateAddress", Domain="vpc")["AllocationId"]
    made = region.call("CreateNatGateway", SubnetId=left, AllocationId=address)["NatGateway"]["NatGatewayId"]
    table = region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=right)
    region.call("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
    return region


@golden
def nat64() -> Region:
    """A subnet with DNS64, whose packets to 64:ff9b::/96 a NAT gateway in the other subnet translates."""
    region, vpc, left, _ = _dual()
    region.launch(left)
    apart = region.subnet(vpc, "10.0.3.0/24")
    made = region.call("CreateNatGateway", SubnetId=apart, ConnectivityType="private")["NatGateway"]
    region.call("ModifySubnetAttribute", SubnetId=left, EnableDns64={"Value": True})
    route = {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": made["NatGatewayId"]}
    region.call("CreateRoute", RouteTableId=region.table(vpc), **route)
    return region


@golden
def middlebox() -> Region:
    """A route inside the VPC's own block, and a gateway's table that sends what comes in the same way."""
    region, vpc, (left, right) = _two()
    gateway = region.gateway(vpc)
    box = region.launch(left, public=True)
    region.launch(right, public=True)
    region.call(
        "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=box.id, SourceDestCheck={"Value": False}
    )
    table, edge = (region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
    region.call("AssociateRouteTable", RouteTableId=table, SubnetId=right)
    region.call("AssociateRouteTable", RouteTableId=edge, GatewayId=gateway)
    for own, block in ((table, "10.0.1.0/24"), (edge, "10.0.2.0/24")):
        region.call("CreateRoute", RouteTableId=own, DestinationCidrBlock=block, NetworkInterfaceId=box.id)
    return region


@golden
def peering() -> Region:
    region, vpc, (left, _) = _two()
    other = region.vpc("10.1.0.0/16")
    region.launch(left)
    region.launch(region.subnet(other, "10.1.1.0/24"))
    made = region.peer(vpc, other)
    region.route(vpc, "10.1.0.0/16", VpcPeeringConnectionId=made)
    region.route(other, "10.0.0.0/16", VpcPeeringConnectionId=made)
    return region


def _dual() -> tuple[Region, str, str, str]:
    """A VPC and a subnet with blocks of IPv6."""
    region, vpc, (left, _) = _two()
    region.call("AssociateVpcCidrBlock", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    (shown,) = region.call("DescribeVpcs", VpcIds=[vpc])["Vpcs"]
    block = shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    region.call("AssociateSubnetCidrBlock", SubnetId=left, Ipv6CidrBlock=block.replace("/56", "/64"))
    return region, vpc, left, block


@golden
def dual_stack() -> Region:
    region, vpc, left, _ = _dual()
    gateway = region.gateway(vpc)
    region.call(
        "CreateRoute", RouteTableId=region.table(vpc), DestinationIpv6CidrBlock="::/0", GatewayId=gateway
    )
    one = region.launch(left)
    region.call("AssignIpv6Addresses", NetworkInterfaceId=one.id, Ipv6AddressCount=1)
    return region


@golden
def egress_only() -> Region:
    region, vpc, left, _ = _dual()
    made = region.call("CreateEgressOnlyInternetGateway", VpcId=vpc)["EgressOnlyInternetGateway"]
    region.call(
        "CreateRoute",
        RouteTableId=region.table(vpc),
        DestinationIpv6CidrBlock="::/0",
        EgressOnlyInternetGatewayId=made["EgressOnlyInternetGatewayId"],
    )
    one = region.launch(left)
    region.call("AssignIpv6Addresses", NetworkInterfaceId=one.id, Ipv6AddressCount=1)
    return region


@golden
def delegated_prefixes() -> Region:
    region, _, left, _ = _dual()
    one = region.launch(left)
    region.call("AssignPrivateIpAddresses", NetworkInterfaceId=one.id, Ipv4PrefixCount=1)
    region.call("AssignIpv6Addresses", NetworkInterfaceId=one.id, Ipv6PrefixCount=1)
    return region


@golden
def secondary_addresses() -> Region:
    """Two interfaces and three addresses."""
    region, _, (left, right) = _two()
    one = region.launch(left)
    region.call("AssignPrivateIpAddresses", NetworkInterfaceId=one.id, SecondaryPrivateIpAddressCount=1)
    made = region.call("CreateNetworkInterface", SubnetId=right)["NetworkInterface"]["NetworkInterfaceId"]
    asked = {"NetworkInterfaceId": made, "InstanceId": region.instance(one).id, "DeviceIndex": 1}
    region.call("AttachNetworkInterface", **asked)
    return region


@golden
def limits() -> Region:
    """A queue with credits, one with flows' limits, and an internet gateway's limit."""
    region, vpc, (left, _) = _two()
    region.gateway(vpc)
    region.launch(left, "t3.micro", public=True)
    region.launch(left, "c5.large", public=True)
    return region


@golden
def idle_times() -> Region:
    """Interfaces with idle times of their own: two by their types, of which one is asked for longer ones."""
    region, _, (left, right) = _two()
    region.launch(left, "m8i.large")
    late = region.launch(right, "m8i.large")
    region.launch(right)
    times = {"TcpEstablishedTimeout": 600, "UdpTimeout": 60}
    asked = {"NetworkInterfaceId": late.id, "ConnectionTrackingSpecification": times}
    region.call("ModifyNetworkInterfaceAttribute", **asked)
    return region


@golden
def cluster() -> Region:
    """Flows between members of a cluster placement group may have more."""
    region, _, (left, _) = _two()
    region.call("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    for _ in range(2):
        region.launch(left, "c5n.18xlarge", Placement={"GroupName": "near"})
    return region


@golden
def mediated() -> Region:
    """An instance type whose packets go by the hypervisor."""
    region, _, (left, _) = _two()
    region.launch(left, "m3.medium")
    return region
