"""Security group rules: one at a time, each with an id of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.descriptions import description
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.prefix_list_quotas import is_over
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.security import permissions
from elastinet.ec2.security.named_groups import named
from elastinet.ec2.security.permissions import IpPermission
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.view import StateView
from elastinet.rules import filtering, naming

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import SecurityGroupRuleTypeDef


def view(tx: Transaction, rule: SecurityGroupRule) -> StateView:
    """A rule in the shape of the API."""
    return tx.views.of(rule, permissions.parts(tx.state, rule), lambda: _view(tx, rule))


def _view(tx: Transaction, rule: SecurityGroupRule) -> "SecurityGroupRuleTypeDef":
    shown: SecurityGroupRuleTypeDef = {
        "SecurityGroupRuleId": rule.id,
        "SecurityGroupRuleArn": naming.arn(rule.region, rule.owner, "security-group-rule", rule.id),
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner,
        "IsEgress": rule.egress,
        "IpProtocol": filtering.protocol_name(rule.protocol),
        # EC2 shows -1 here for protocols without ports, unlike in DescribeSecurityGroups.
        "FromPort": rule.low,
        "ToPort": rule.high,
        "Tags": tag_set(rule),
    }
    if rule.description:
        shown["Description"] = rule.description
    if rule.cidr and ":" in rule.cidr:
        shown["CidrIpv6"] = rule.cidr
    elif rule.cidr:
        shown["CidrIpv4"] = rule.cidr
    elif rule.prefix_list:
        shown["PrefixListId"] = rule.prefix_list
    else:
        shown["ReferencedGroupInfo"] = permissions.pair(tx.state, rule)
    return shown


SECURITY_GROUP_RULES = Describable(
    SecurityGroupRule,
    "sgr",
    "SecurityGroupRules",
    "SecurityGroupRuleIds",
    view,
    paths("group-id security-group-rule-id"),
    {"group-id": "group-id"},
)


def describe_security_group_rules(tx: Transaction, request: Request) -> Answer:
    """Rules by id or filter."""
    return describe(tx, request, SECURITY_GROUP_RULES)


def authorize_ingress(tx: Transaction, request: Request) -> Answer:
    """Let more in."""
    return _authorize(tx, request, egress=False)


def authorize_egress(tx: Transaction, request: Request) -> Answer:
    """Let more out."""
    return _authorize(tx, request, egress=True)


def _authorize(tx: Transaction, request: Request, egress: bool) -> dict[str, Any]:
    group = named(tx, request)
    wanted = permissions.read(tx, request, group)
    if not wanted:
        raise faults.missing_parameter("ipPermissions")
    tags = tags_for(tx, request, "security-group-rule")
    there = {rule.permission for rule in permissions.rules_of(tx, group.id, egress)}
    for permission in wanted:
        if permission.same(egress) in there:
            raise _duplicate(permission)
        there.add(permission.same(egress))
    _check_quota(tx, group, egress, wanted)
    made = [_make(tx, group, permission, egress=egress, tags=tags) for permission in wanted]
    return {"Return": True, "SecurityGroupRules": [view(tx, rule) for rule in made]}


def _duplicate(permission: IpPermission | SecurityGroupRule) -> Fault:
    text = filtering.sentence(permission.protocol, permission.low, permission.high, permission.peer)
    return Fault("InvalidPermission.Duplicate", f'the specified rule "{text}" already exists')


def _check_quota(tx: Transaction, group: SecurityGroup, egress: bool, wanted: list[IpPermission]) -> None:
    # A rule about a group counts with IPv4 here.
    peers = [rule.peer for rule in permissions.rules_of(tx, group.id, egress)] + [p.peer for p in wanted]
    if is_over(tx, peers, tx.settings.quotas.rules_per_security_group):
        raise faults.quota("RulesPerSecurityGroupLimitExceeded", "rules per security group")


def _make(
    tx: Transaction, group: SecurityGroup, permission: IpPermission, **fields: Any
) -> SecurityGroupRule:
    return tx.new(SecurityGroupRule, "sgr", group_id=group.id, **permission._asdict(), **fields)


def revoke_ingress(tx: Transaction, request: Request) -> Answer:
    """Let less in."""
    return _revoke(tx, request, egress=False)


def revoke_egress(tx: Transaction, request: Request) -> Answer:
    """Let less out."""
    return _revoke(tx, request, egress=True)


def _revoke(tx: Transaction, request: Request, egress: bool) -> dict[str, Any]:
    group = named(tx, request)
    if ids := request.ids("SecurityGroupRuleIds"):
        gone = [_own(tx, group, id, egress) for id in ids]
    else:
        gone = [_matching(tx, group, p, egress) for p in permissions.read(tx, request, group)]
        if not gone:
            raise faults.missing_parameter("ipPermissions")
    for rule in gone:
        tx.drop(rule)
    return {"Return": True, "RevokedSecurityGroupRules": [_revoked(rule) for rule in gone]}


def _own(tx: Transaction, group: SecurityGroup, id: str, egress: bool) -> SecurityGroupRule:
    rule = need(tx, SecurityGroupRule, "sgr", id)
    if rule.group_id != group.id or rule.egress != egress:
        raise faults.missing("sgr", [id])
    return rule


def _matching(
    tx: Transaction, group: SecurityGroup, permission: IpPermission, egress: bool
) -> SecurityGroupRule:
    same = permission.same(egress)
    rule = next((r for r in permissions.rules_of(tx, group.id, egress) if r.permission == same), None)
    if rule is None:
        sentence = "The specified rule does not exist in this security group."
        raise Fault("InvalidPermission.NotFound", sentence)
    return rule


def _revoked(rule: SecurityGroupRule) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "IsEgress": rule.egress,
        "IpProtocol": filtering.protocol_name(rule.protocol),
        "FromPort": rule.low,
        "ToPort": rule.high,
    }
    if rule.cidr:
        shown["CidrIpv6" if ":" in rule.cidr else "CidrIpv4"] = rule.cidr
    elif rule.prefix_list:
        shown["PrefixListId"] = rule.prefix_list
    else:
        shown["ReferencedGroupId"] = rule.peer_group
    return shown | ({"Description": rule.description} if rule.description else {})


def modify_security_group_rules(tx: Transaction, request: Request) -> Answer:
    """Put other rules in the place of some, under the same ids."""
    group = need(tx, SecurityGroup, "sg", request["GroupId"])
    for item in request["SecurityGroupRules"]:
        rule = need(tx, SecurityGroupRule, "sgr", item["SecurityGroupRuleId"])
        if rule.group_id != group.id:
            raise faults.missing("sgr", [rule.id])
        new = _rewritten(tx, rule, item.get("SecurityGroupRule"))
        others = (r for r in permissions.rules_of(tx, group.id, rule.egress) if r.id != rule.id)
        if any(other.permission == new.permission for other in others):
            raise _duplicate(new)
        tx.put(new)
    return {"Return": True}


def _rewritten(tx: Transaction, rule: SecurityGroupRule, item: Request | None) -> SecurityGroupRule:
    if item is None:
        raise faults.missing_parameter("SecurityGroupRule")
    protocol = filtering.protocol_number(item.get("IpProtocol") or filtering.protocol_name(rule.protocol))
    low, high = filtering.span(protocol, item.get("FromPort"), item.get("ToPort"))
    names = ("CidrIpv4", "CidrIpv6", "ReferencedGroupId", "PrefixListId")
    given = {name: value for name in names if (value := item.get(name)) is not None}
    if len(given) != 1:
        raise Fault(
            "InvalidParameterCombination" if given else "MissingParameter",
            "Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be given.",
        )
    ((name, value),) = given.items()
    group, numbers = tx.need(SecurityGroup, rule.group_id), {"protocol": protocol, "low": low, "high": high}
    return rule.but(
        description=description(item),
        **numbers,
        **_peer(tx, group, name, value),
    )


def _peer(tx: Transaction, group: SecurityGroup, name: str, value: str) -> dict[str, str | None]:
    peer: dict[str, str | None] = {"cidr": None, "peer_group": None, "prefix_list": None}
    if name == "ReferencedGroupId":
        return peer | {"peer_group": permissions.find_peer(tx, group, value).id}
    if name == "PrefixListId":
        return peer | {"prefix_list": need(tx, PrefixList, "pl", value).id}
    return peer | {"cidr": filtering.cidr(value, 6 if name == "CidrIpv6" else 4)}


def update_descriptions(egress: bool) -> Callable[[Transaction, Request], Answer]:
    """The operation that changes the descriptions of rules of one direction."""

    def update(tx: Transaction, request: Request) -> Answer:
        """Change the descriptions of rules."""
        group = named(tx, request)
        for item in request.get("SecurityGroupRuleDescriptions") or ():
            rule = _own(tx, group, item.get("SecurityGroupRuleId") or "", egress)
            tx.put(rule.but(description=description(item)))
        for permission in permissions.read(tx, request, group):
            rule = _matching(tx, group, permission, egress)
            tx.put(rule.but(description=permission.description))
        return {"Return": True}

    return update
