"""Reach of security groups: rules of other VPCs about them, associations with VPCs, stale rules."""

from collections.abc import Iterator
from typing import Any

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, by_id, describe, page
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.security.permissions import ip_permissions
from elastinet.ec2.security.security_groups import SECURITY_GROUPS
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules.peerings import between, is_elsewhere, is_stale


def describe_security_group_references(tx: Transaction, request: Request) -> Answer:
    """The VPCs beyond peering connections with rules about some groups of one's own."""
    groups = by_id(tx, SECURITY_GROUPS, request.ids("GroupId"))
    return {"SecurityGroupReferenceSet": [one for group in groups for one in _references(tx, group.id)]}


def _references(tx: Transaction, id: str) -> Iterator[dict[str, str]]:
    speaking = (r for r in tx.state.where(SecurityGroupRule, "peer-group", id) if is_elsewhere(tx.state, r))
    own = tx.need(SecurityGroup, id).vpc_id
    for vpc_id in dict.fromkeys(tx.need(SecurityGroup, rule.group_id).vpc_id for rule in speaking):
        peering = between(tx.state, own, vpc_id)
        if peering is not None and peering.status == "active":
            yield {"GroupId": id, "ReferencingVpcId": vpc_id, "VpcPeeringConnectionId": peering.id}


def describe_stale_security_groups(tx: Transaction, request: Request) -> Answer:
    """The groups of a VPC with rules about groups that are gone, or beyond a peering that has ended."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    found = []
    for group in tx.where(SecurityGroup, "vpc-id", vpc.id):
        stale = [
            rule for rule in tx.where(SecurityGroupRule, "group-id", group.id) if is_stale(tx.state, rule)
        ]
        if stale:
            found.append((group.id, _stale(tx, group, stale)))
    return page(found, page_size(request), request.get("NextToken"), "StaleSecurityGroupSet")


def _stale(tx: Transaction, group: SecurityGroup, rules: list[SecurityGroupRule]) -> StateView:
    return StateView(
        GroupId=group.id,
        GroupName=group.group_name,
        Description=group.description,
        VpcId=group.vpc_id,
        StaleIpPermissions=_permissions(tx, rules, egress=False),
        StaleIpPermissionsEgress=_permissions(tx, rules, egress=True),
    )


def _permissions(tx: Transaction, rules: list[SecurityGroupRule], *, egress: bool) -> list[dict[str, Any]]:
    shown = ip_permissions(tx.state, [rule for rule in rules if rule.egress == egress])
    return [{name: value for name, value in one.items() if name != "Ipv6Ranges"} for one in shown]


def _for_vpc(tx: Transaction, group: SecurityGroup) -> StateView:
    return StateView(
        GroupId=group.id,
        GroupName=group.group_name,
        Description=group.description,
        OwnerId=group.owner,
        PrimaryVpcId=group.vpc_id,
        Tags=tag_set(group),
    )


GROUPS_FOR_VPC = Describable(
    SecurityGroup,
    "sg",
    "SecurityGroupForVpcs",
    "GroupIds",
    _for_vpc,
    paths("group-id description group-name owner-id primary-vpc-id"),
    {"primary-vpc-id": "vpc-id"},
)


def get_security_groups_for_vpc(tx: Transaction, request: Request) -> Answer:
    """The groups that interfaces in a VPC may be in: its own."""
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    return describe(tx, request, GROUPS_FOR_VPC, also=[Filter("primary-vpc-id", [vpc.id])])
