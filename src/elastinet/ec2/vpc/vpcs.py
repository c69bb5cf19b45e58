"""VPCs."""

import ipaddress
from typing import TYPE_CHECKING, Any, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.cidrs import read_block
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.vpc.dhcp_options import default_options
from elastinet.ec2.vpc.endpoint_routes import check_no_endpoint
from elastinet.ec2.vpc.network_acls import make_default_acl
from elastinet.model.acl import NetworkAcl
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.routes import Association, Route, RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.view import StateView
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules import ipv6
from elastinet.rules.peerings import open_peerings

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import TenancyType, VpcCidrBlockStateCodeType
    from mypy_boto3_ec2.type_defs import (
        VpcCidrBlockAssociationTypeDef,
        VpcIpv6CidrBlockAssociationTypeDef,
        VpcTypeDef,
    )

# No host can have an address of these, or reach one behind a router.
FORBIDDEN = tuple(map(ipaddress.IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4")))

EVERYTHING = {"protocol": -1, "low": -1, "high": -1}


def view(tx: Transaction, vpc: Vpc) -> StateView:
    """A VPC in the shape of the API."""
    return tx.views.of(vpc, (), lambda: tags_if_any(_view(vpc)))


def _view(vpc: Vpc) -> "VpcTypeDef":
    former = vpc.former_blocks
    return {
        "VpcId": vpc.id,
        "OwnerId": vpc.owner,
        "State": "available",
        "CidrBlock": vpc.cidrs[0],
        "CidrBlockAssociationSet": [
            *map(ipv4_association, vpc.cidr_associations, vpc.cidrs),
            *(ipv4_association(b.association, b.cidr, "disassociated") for b in former if ":" not in b.cidr),
        ],
        "Ipv6CidrBlockAssociationSet": [
            *(ipv6_association(vpc, *pair) for pair in zip(vpc.cidr6_associations, vpc.cidrs6, strict=True)),
            *(ipv6_association(vpc, b.association, b.cidr, "disassociated") for b in former if ":" in b.cidr),
        ],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": cast("TenancyType", vpc.tenancy),
        "IsDefault": vpc.is_default,
        "Tags": tag_set(vpc),
    }


def ipv4_association(
    id: str, cidr: str, state: "VpcCidrBlockStateCodeType" = "associated"
) -> "VpcCidrBlockAssociationTypeDef":
    """An IPv4 block of a VPC in the shape of the API."""
    return {"AssociationId": id, "CidrBlock": cidr, "CidrBlockState": {"State": state}}


def ipv6_association(
    vpc: Vpc, id: str, cidr: str, state: "VpcCidrBlockStateCodeType" = "associated"
) -> "VpcIpv6CidrBlockAssociationTypeDef":
    """An IPv6 block of a VPC in the shape of the API."""
    return {
        "AssociationId": id,
        "Ipv6CidrBlock": cidr,
        "Ipv6CidrBlockState": {"State": state},
        "NetworkBorderGroup": vpc.region,
        "Ipv6Pool": "Amazon",
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }


VPCS = Describable(
    Vpc,
    "vpc",
    "Vpcs",
    "VpcIds",
    view,
    paths(
        """
        cidr-block-association.association-id cidr-block-association.cidr-block dhcp-options-id
        ipv6-cidr-block-association.ipv6-cidr-block ipv6-cidr-block-association.ipv6-pool
        ipv6-cidr-block-association.association-id
        is-default owner-id state vpc-id
        """,
        {
            "cidr-block-association": "CidrBlockAssociationSet",
            "ipv6-cidr-block-association": "Ipv6CidrBlockAssociationSet",
        },
        cidr="CidrBlock",
        cidr_block="CidrBlock",
        isDefault="IsDefault",
        cidr_block_association__state="CidrBlockAssociationSet.CidrBlockState.State",
        ipv6_cidr_block_association__state="Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State",
    ),
)


def describe_vpcs(tx: Transaction, request: Request) -> Answer:
    """VPCs by id or filter."""
    return describe(tx, request, VPCS)


def block(cidr: str, code: str, least: int = 28, most: int = 16) -> str:
    """A CIDR in its own spelling, if its size may be; refuses with the given code."""
    network = read_block(cidr, "cidrBlock")
    if not most <= network.prefixlen <= least:
        raise Fault(code, f"The CIDR '{cidr}' is invalid.")
    return str(network)


def create_vpc(tx: Transaction, request: Request) -> Answer:
    """A VPC with a main route table, a default security group and a default network ACL."""
    if (cidr := request.get("CidrBlock")) is None:
        raise faults.missing_parameter("cidrBlock")
    tenancy = request.get("InstanceTenancy", "default")
    if tenancy not in ("default", "dedicated"):
        raise faults.invalid(tenancy, "instanceTenancy")
    tags = tags_for(tx, request, "vpc")
    fields = {"tenancy": tenancy, "tags": tags}
    vpc = make_vpc(tx, block(cidr, "InvalidVpc.Range"), wants_ipv6=wants_ipv6(tx, request), **fields)
    blocks = zip(vpc.cidr6_associations, vpc.cidrs6, strict=True)
    coming = [ipv6_association(vpc, *pair, "associating") for pair in blocks]
    begun = {"State": "pending", "Ipv6CidrBlockAssociationSet": coming, "Tags": tag_set(vpc)}
    return {"Vpc": view(tx, vpc) | begun}


def wants_ipv6(tx: Transaction, request: Request) -> bool:
    """True if a request asks for an Amazon-provided IPv6 block; raises Fault for another border group."""
    asked = bool(request.get("AmazonProvidedIpv6CidrBlock"))
    border = request.get("Ipv6CidrBlockNetworkBorderGroup")
    if border is not None and not asked:
        raise faults.missing_parameter("amazonProvidedIpv6CidrBlock")
    if border not in (None, tx.region):
        raise faults.invalid(border, "ipv6CidrBlockNetworkBorderGroup")
    return asked


def make_vpc(tx: Transaction, cidr: str, *, wants_ipv6: bool = False, **fields: Any) -> Vpc:
    """A VPC and what EC2 makes with each (facts sheet, section 6.6)."""
    if tx.count(Vpc) >= tx.settings.quotas.vpcs:
        raise faults.quota("VpcLimitExceeded", "VPCs")
    if any(map(ipaddress.IPv4Network(cidr).overlaps, FORBIDDEN)):
        raise Fault("InvalidVpc.Range", f"The CIDR '{cidr}' is invalid.")
    fields |= {"cidr_associations": (tx.new_id("vpc-cidr-assoc"),), "dhcp_options_id": default_options(tx)}
    if wants_ipv6:
        fields |= {"cidrs6": (free_ipv6(tx),), "cidr6_associations": (tx.new_id("vpc-cidr-assoc"),)}
    vpc = tx.new(Vpc, "vpc", cidrs=(cidr,), **fields)
    main = Association(tx.new_id("rtbassoc"), None)
    tx.new(RouteTable, "rtb", vpc_id=vpc.id, routes=local_routes(vpc), associations=(main,))
    make_default_group(tx, vpc)
    make_default_acl(tx, vpc)
    return vpc


def free_ipv6(tx: Transaction) -> str:
    """An IPv6 block for a VPC."""
    block = ipv6.free_block(tx.state, tx.region, tx.dice)
    if block is None:
        raise Fault("InsufficientCidrBlocks", "There are no more IPv6 blocks in this region.")
    return block


def local_routes(vpc: Vpc) -> tuple[Route, ...]:
    """The routes that every table of a VPC begins with."""
    return tuple(map(local_route, (*vpc.cidrs, *vpc.cidrs6)))


def local_route(cidr: str) -> Route:
    """The route by which a VPC's own addresses are reached."""
    return Route(cidr, "local", "local", "CreateRouteTable")


def make_default_group(tx: Transaction, vpc: Vpc) -> SecurityGroup:
    """The group of interfaces that name none: in from itself, out to anywhere."""
    group = tx.new(
        SecurityGroup, "sg", vpc_id=vpc.id, group_name="default", description="default VPC security group"
    )
    tx.new(SecurityGroupRule, "sgr", group_id=group.id, egress=False, peer_group=group.id, **EVERYTHING)
    let_out(tx, vpc, group)
    return group


def let_out(tx: Transaction, vpc: Vpc, group: SecurityGroup) -> None:
    """Let a new group's members out to anywhere, by IPv6 too where the VPC has it."""
    for cidr in ("0.0.0.0/0", "::/0") if vpc.cidrs6 else ("0.0.0.0/0",):
        tx.new(SecurityGroupRule, "sgr", group_id=group.id, egress=True, cidr=cidr, **EVERYTHING)


def delete_vpc(tx: Transaction, request: Request) -> None:
    """Remove a VPC that has nothing left but what came with it."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    check_no_endpoint(tx, vpc.id)
    groups = list(tx.where(SecurityGroup, "vpc-id", vpc.id))
    tables = list(tx.where(RouteTable, "vpc-id", vpc.id))
    acls = list(tx.where(NetworkAcl, "vpc-id", vpc.id))
    rest = [kind for kind in (Subnet, NetworkInterface) if tx.state.count(kind, "vpc-id", vpc.id)]
    gateways = tx.state.count(InternetGateway, "attachment.vpc-id", vpc.id)
    gateways += tx.state.count(EgressOnlyGateway, "vpc-id", vpc.id)
    own = any(g.group_name != "default" for g in groups) or len(tables) > 1 or len(acls) > 1
    if rest or gateways or own or next(open_peerings(tx.state, vpc.id), None):
        raise faults.dependency(f"The vpc '{vpc.id}' has dependencies and cannot be deleted.")
    for group in groups:
        for rule in tx.where(SecurityGroupRule, "group-id", group.id):
            tx.drop(rule)
    for noun in (*groups, *tables, *acls, vpc):
        tx.drop(noun)


ATTRIBUTES = {"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"}


def modify_vpc_attribute(tx: Transaction, request: Request) -> None:
    """Turn DNS resolution or host names on or off; one of them a call."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    given = {
        "dns_support": request.get("EnableDnsSupport"),
        "dns_hostnames": request.get("EnableDnsHostnames"),
    }
    changes = {name: value.get("Value") for name, value in given.items() if value is not None}
    if len(changes) > 1:
        raise faults.combination("Fields for multiple attribute types specified: only one can be changed.")
    if changes:
        tx.put(vpc.but(**changes))


def modify_vpc_tenancy(tx: Transaction, request: Request) -> Answer:
    """Let new instances of a VPC share hardware; the other way does not exist."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if (tenancy := request["InstanceTenancy"]) != "default":
        raise faults.invalid(tenancy, "instanceTenancy")
    tx.put(vpc.but(tenancy=tenancy))
    return {"ReturnValue": True}


def describe_vpc_attribute(tx: Transaction, request: Request) -> Answer:
    """An attribute of a VPC: DNS resolution, host names, or network address usage metrics."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    values = {
        "enableDnsSupport": vpc.dns_support,
        "enableDnsHostnames": vpc.dns_hostnames,
        "enableNetworkAddressUsageMetrics": False,
    }
    name = request["Attribute"]
    return {"VpcId": vpc.id, name[0].upper() + name[1:]: {"Value": values[name]}}
