"""Security groups."""

from typing import TYPE_CHECKING

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, by_id, describe
from elastinet.ec2.core.descriptions import is_allowed, malformed
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.security.named_groups import by_name, named
from elastinet.ec2.security.permissions import ip_permissions, parts
from elastinet.ec2.vpc.account import default_vpc
from elastinet.ec2.vpc.vpcs import let_out
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules import naming
from elastinet.rules.peerings import is_elsewhere

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SecurityGroupTypeDef


def view(tx: Transaction, group: SecurityGroup) -> StateView:
    """A security group in the shape of the API."""
    rules = tuple(tx.where(SecurityGroupRule, "group-id", group.id))
    others = (part for rule in rules if rule.peer_group for part in parts(tx.state, rule))
    return tx.views.of(group, (*rules, *others), lambda: tags_if_any(_view(tx, group, rules)))


def _view(
    tx: Transaction, group: SecurityGroup, rules: tuple[SecurityGroupRule, ...]
) -> "SecurityGroupTypeDef":
    return {
        "GroupId": group.id,
        "GroupName": group.group_name,
        "Description": group.description,
        "OwnerId": group.owner,
        "VpcId": group.vpc_id,
        "SecurityGroupArn": naming.arn(group.region, group.owner, "security-group", group.id),
        "IpPermissions": ip_permissions(tx.state, [r for r in rules if not r.egress]),
        "IpPermissionsEgress": ip_permissions(tx.state, [r for r in rules if r.egress]),
        "Tags": tag_set(group),
    }


_STEPS = {
    "ip-permission": "IpPermissions",
    "egress": "IpPermissionsEgress",
    "cidr": "IpRanges.CidrIp",
    "ipv6-cidr": "Ipv6Ranges.CidrIpv6",
    "group-id": "UserIdGroupPairs.GroupId",
    "group-name": "UserIdGroupPairs.GroupName",
    "user-id": "UserIdGroupPairs.UserId",
    "prefix-list-id": "PrefixListIds.PrefixListId",
    "protocol": "IpProtocol",
    "from-port": "FromPort",
    "to-port": "ToPort",
}
_PARTS = [name for name in _STEPS if name not in ("ip-permission", "egress")]
_INGRESS = {f"ip-permission.{part}": f"IpPermissions.{_STEPS[part]}" for part in _PARTS}
_EGRESS = {f"egress.ip-permission.{part}": f"IpPermissionsEgress.{_STEPS[part]}" for part in _PARTS}

SECURITY_GROUPS = Describable(
    SecurityGroup,
    "sg",
    "SecurityGroups",
    "GroupIds",
    view,
    paths("description group-id group-name owner-id vpc-id") | _INGRESS | _EGRESS,
    {"vpc-id": "vpc-id", "group-name": "group-name"},
)


def describe_security_groups(tx: Transaction, request: Request) -> Answer:
    """Security groups by id, by name in the default VPC, or by filter."""
    if names := request.ids("GroupNames"):
        ids = [by_name(tx, name).id for name in names]
        views = [view(tx, group) for group in by_id(tx, SECURITY_GROUPS, [*ids, *request.ids("GroupIds")])]  # type: ignore[arg-type]
        return {"SecurityGroups": views}
    return describe(tx, request, SECURITY_GROUPS)


def create_security_group(tx: Transaction, request: Request) -> Answer:
    """A group that lets nothing in and everything out."""
    name, description = request["GroupName"], request["Description"]
    vpc = _vpc(tx, request.get("VpcId"))
    _check_name(name, description)
    if tx.state.count(SecurityGroup, "name", (vpc.id, name)):
        sentence = f"The security group '{name}' already exists for VPC '{vpc.id}'"
        raise Fault("InvalidGroup.Duplicate", sentence)
    if tx.count(SecurityGroup) >= tx.settings.quotas.security_groups:
        raise faults.quota("SecurityGroupLimitExceeded", "security groups")
    tags = tags_for(tx, request, "security-group")
    fields = {"vpc_id": vpc.id, "group_name": name, "description": description, "tags": tags}
    group = tx.new(SecurityGroup, "sg", **fields)
    let_out(tx, vpc, group)
    arn = naming.arn(group.region, group.owner, "security-group", group.id)
    return tags_if_any({"GroupId": group.id, "SecurityGroupArn": arn, "Tags": tag_set(group)})


def _vpc(tx: Transaction, id: str | None) -> Vpc:
    if id is not None:
        return need(tx, Vpc, "vpc", id)
    vpc = default_vpc(tx)
    if vpc is None:
        raise Fault("VPCIdNotSpecified", "No default VPC for this user")
    return vpc


def _check_name(name: str, description: str) -> None:
    if name == "default":
        raise Fault("InvalidGroup.Reserved", "The security group 'default' is reserved")
    if name.lower().startswith("sg-"):
        raise faults.invalid(name, "groupName", "Group names may not be in the format sg-*.")
    for value, what in ((name, "groupName"), (description, "GroupDescription")):
        if not value.isascii():
            raise faults.invalid(value, what, "Character sets beyond ASCII are not supported.")
    if not name or not is_allowed(name):
        raise faults.invalid(name, "groupName")
    if not description or not is_allowed(description):
        raise malformed("security group")


def delete_security_group(tx: Transaction, request: Request) -> Answer:
    """Remove a group that no interface is in and no other group's rule speaks of."""
    group = named(tx, request)
    if group.group_name == "default":
        sentence = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        raise Fault("CannotDelete", sentence)
    speaking = tx.state.where(SecurityGroupRule, "peer-group", group.id)
    if tx.state.count(NetworkInterface, "group-id", group.id) or any(
        r.group_id != group.id and not is_elsewhere(tx.state, r) for r in speaking
    ):
        raise faults.dependency(f"resource {group.id} has a dependent object")
    for rule in tx.where(SecurityGroupRule, "group-id", group.id):
        tx.drop(rule)
    tx.drop(group)
    return {"Return": True, "GroupId": group.id}


def check_groups(tx: Transaction, ids: list[str], vpc_id: str) -> tuple[str, ...]:
    """The ids of groups that an interface in a VPC may be in; the VPC's default group for none."""
    if not ids:
        default = next(tx.where(SecurityGroup, "name", (vpc_id, "default")))
        return (default.id,)
    groups = [need(tx, SecurityGroup, "sg", id) for id in dict.fromkeys(ids)]
    if any(group.vpc_id != vpc_id for group in groups):
        raise Fault("InvalidParameter", "security group and subnet belong to different networks")
    if len(groups) > tx.settings.quotas.security_groups_per_interface:
        raise faults.quota("SecurityGroupsPerInterfaceLimitExceeded", "security groups per interface")
    return tuple(group.id for group in groups)
