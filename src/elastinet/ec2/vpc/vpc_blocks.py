"""The blocks that a VPC has beside its first (facts sheet, sections 2 and 4)."""

import ipaddress
from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import wants
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc import vpc_ipv6_blocks
from elastinet.ec2.vpc.vpcs import FORBIDDEN, block, local_route, wants_ipv6
from elastinet.model.fault import Fault
from elastinet.model.routes import RouteTable
from elastinet.model.vpc import Subnet, Vpc, with_former
from elastinet.rules.peerings import open_peerings

PRIVATE = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.19.0.0/16"))
)
"""A VPC's blocks are of one of these ranges, or of none (user guide, block association restrictions)."""


def associate_vpc_cidr_block(tx: Transaction, request: Request) -> Answer:
    """Give a VPC another block; all its tables have a local route to it."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    given = request.get("CidrBlock")
    if wants_ipv6(tx, request):
        if given is not None:
            raise faults.combination("Only one of cidrBlock and amazonProvidedIpv6CidrBlock may be given.")
        return vpc_ipv6_blocks.associate(tx, vpc)
    if given is None:
        if name := next(wants(request), None):
            raise faults.unsupported(f"elastinet does not support {name} in AssociateVpcCidrBlock.")
        raise faults.missing_parameter("cidrBlock")
    cidr = block(given, "InvalidVpc.Range")
    most = tx.settings.quotas.cidrs_per_vpc
    if len(vpc.cidrs) >= most:
        sentence = f"This network '{vpc.id}' has met its maximum number of allowed CIDRs: {most}"
        raise Fault("CidrLimitExceeded", sentence)
    _check_range(vpc, ipaddress.IPv4Network(cidr))
    _check_apart(tx, vpc, ipaddress.IPv4Network(cidr))
    id = tx.new_id("vpc-cidr-assoc")
    tx.put(vpc.but(cidrs=(*vpc.cidrs, cidr), cidr_associations=(*vpc.cidr_associations, id)))
    for table in tx.where(RouteTable, "vpc-id", vpc.id):
        tx.put(table.but(routes=(local_route(cidr), *table.routes)))
    return _answer(vpc, id, cidr, "associating")


def _answer(vpc: Vpc, id: str, cidr: str, state: str) -> dict[str, Any]:
    association = {"AssociationId": id, "CidrBlock": cidr, "CidrBlockState": {"State": state}}
    return {"VpcId": vpc.id, "CidrBlockAssociation": association}


def _range_of(network: ipaddress.IPv4Network) -> ipaddress.IPv4Network | None:
    return next((one for one in PRIVATE if network.overlaps(one)), None)


def _check_range(vpc: Vpc, network: ipaddress.IPv4Network) -> None:
    if any(map(network.overlaps, FORBIDDEN)):
        raise Fault("InvalidVpc.Range", f"The CIDR '{network}' is invalid.")
    theirs = _range_of(network)
    if theirs is not None and theirs != _range_of(ipaddress.IPv4Network(vpc.cidrs[0])):
        raise Fault(
            "InvalidVpc.Range",
            f"The CIDR '{network}' is restricted. Use a CIDR from the same private address range as the "
            "current VPC CIDR, or use a publicly-routable CIDR.",
        )


def _check_apart(tx: Transaction, vpc: Vpc, network: ipaddress.IPv4Network) -> None:
    """Refuse what overlaps a block, is as wide as a route, or is a peer's."""
    others = list(vpc.cidrs)
    for peering in open_peerings(tx.state, vpc.id):
        for side in (peering.requester, peering.accepter):
            peer = tx.state.get(Vpc, side.vpc_id)
            others += peer.cidrs if peer and peer.id != vpc.id else ()
    if any(network.overlaps(ipaddress.IPv4Network(cidr)) for cidr in others):
        raise Fault("CidrConflict", f"The CIDR '{network}' conflicts with a CIDR block that is there.")
    for table in tx.where(RouteTable, "vpc-id", vpc.id):
        for route in table.routes:
            if "." in route.destination and ipaddress.IPv4Network(route.destination).subnet_of(network):
                sentence = f"The CIDR '{network}' conflicts with a route in {table.id}."
                raise Fault("CidrConflict", sentence)


def disassociate_vpc_cidr_block(tx: Transaction, request: Request) -> Answer:
    """Take a block from a VPC, once it has no subnet; never the first IPv4 block."""
    id = request["AssociationId"]
    if (holder := next(tx.where(Vpc, "ipv6-association", id), None)) is not None:
        return vpc_ipv6_blocks.disassociate(tx, holder, id)
    vpc = next((vpc for vpc in tx.mine(Vpc) if id in vpc.cidr_associations), None)
    if vpc is None:
        sentence = f"The vpc CIDR block association ID '{id}' does not exist"
        raise Fault("InvalidVpcCidrBlockAssociationID.NotFound", sentence)
    number = vpc.cidr_associations.index(id)
    if number == 0:
        raise Fault(
            "OperationNotPermitted",
            f"The vpc CIDR block with association ID {id} may not be disassociated. "
            "It is the primary IPv4 CIDR block of the VPC",
        )
    cidr = vpc.cidrs[number]
    _check_empty(tx, vpc, ipaddress.IPv4Network(cidr))
    kept = tuple(n for n in range(len(vpc.cidrs)) if n != number)
    fields = {"cidrs": vpc.cidrs, "cidr_associations": vpc.cidr_associations}
    changes: dict[str, Any] = {name: tuple(values[n] for n in kept) for name, values in fields.items()}
    tx.put(vpc.but(former_blocks=with_former(vpc.former_blocks, id, cidr), **changes))
    for table in tx.where(RouteTable, "vpc-id", vpc.id):
        tx.put(table.but(routes=tuple(r for r in table.routes if r.destination != cidr)))
    return _answer(vpc, id, cidr, "disassociating")


def _check_empty(tx: Transaction, vpc: Vpc, network: ipaddress.IPv4Network) -> None:
    for subnet in tx.where(Subnet, "vpc-id", vpc.id):
        if subnet.cidr and ipaddress.IPv4Network(subnet.cidr).subnet_of(network):
            sentence = f"The vpc {vpc.id} currently has a subnet within CIDR block {network}"
            raise Fault("InvalidCidrBlock.InUse", sentence)
