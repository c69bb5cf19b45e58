"""The IPv6 blocks of a VPC, which Amazon provides (facts sheet, section 4)."""

from typing import TYPE_CHECKING, Any

from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.network_acls import let_ipv6_pass
from elastinet.ec2.vpc.vpcs import EVERYTHING, free_ipv6, ipv6_association, local_route
from elastinet.model.fault import Fault
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import Subnet, Vpc, with_former
from elastinet.rules import ipv6

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import VpcCidrBlockStateCodeType


def associate(tx: Transaction, vpc: Vpc) -> dict[str, Any]:
    """Give a VPC an IPv6 block; all its tables have a local route to it."""
    most = tx.settings.quotas.ipv6_cidrs_per_vpc
    if len(vpc.cidrs6) >= most:
        sentence = f"This network '{vpc.id}' has met its maximum number of allowed CIDRs: {most}"
        raise Fault("CidrLimitExceeded", sentence)
    cidr, id = free_ipv6(tx), tx.new_id("vpc-cidr-assoc")
    new = vpc.but(cidrs6=(*vpc.cidrs6, cidr), cidr6_associations=(*vpc.cidr6_associations, id))
    tx.put(new)
    for table in tx.where(RouteTable, "vpc-id", vpc.id):
        tx.put(table.but(routes=(local_route(cidr), *table.routes)))
    let_ipv6_pass(tx, new)
    _let_ipv6_out(tx, new)
    return _answer(new, id, cidr, "associating")


def _let_ipv6_out(tx: Transaction, vpc: Vpc) -> None:
    """Let the default group's members out by IPv6 too, if nobody has changed its egress rules."""
    group = next(tx.where(SecurityGroup, "name", (vpc.id, "default")))
    rules = [r for r in tx.where(SecurityGroupRule, "group-id", group.id) if r.egress]
    if [rule.permission for rule in rules] == [(True, -1, -1, -1, "0.0.0.0/0")]:
        tx.new(SecurityGroupRule, "sgr", group_id=group.id, egress=True, cidr="::/0", **EVERYTHING)


def disassociate(tx: Transaction, vpc: Vpc, id: str) -> dict[str, Any]:
    """Take an IPv6 block from a VPC, once it has no subnet."""
    number = vpc.cidr6_associations.index(id)
    cidr = vpc.cidrs6[number]
    for subnet in tx.where(Subnet, "vpc-id", vpc.id):
        if subnet.cidr6 and ipv6.network(subnet.cidr6).subnet_of(ipv6.network(cidr)):
            sentence = f"The vpc {vpc.id} currently has a subnet within CIDR block {cidr}"
            raise Fault("InvalidCidrBlock.InUse", sentence)
    fields = {"cidrs6": vpc.cidrs6, "cidr6_associations": vpc.cidr6_associations}
    kept = {name: values[:number] + values[number + 1 :] for name, values in fields.items()}
    tx.put(vpc.but(former_blocks=with_former(vpc.former_blocks, id, cidr), **kept))
    for table in tx.where(RouteTable, "vpc-id", vpc.id):
        tx.put(table.but(routes=tuple(r for r in table.routes if r.destination != cidr)))
    return _answer(vpc, id, cidr, "disassociating")


def _answer(vpc: Vpc, id: str, cidr: str, state: "VpcCidrBlockStateCodeType") -> dict[str, Any]:
    return {"VpcId": vpc.id, "Ipv6CidrBlockAssociation": ipv6_association(vpc, id, cidr, state)}
