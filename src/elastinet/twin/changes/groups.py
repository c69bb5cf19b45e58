"""Security groups and their rules, prefix lists and their entries."""

from collections.abc import Iterable

from elastinet.ec2.security.permissions import ip_permissions
from elastinet.model.prefix_list import PrefixList, PrefixListEntry
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import Vpc
from elastinet.rules.peerings import is_stale
from elastinet.twin.both import Both, Steps, do, make, say

Key = tuple[object, ...]
EVERYBODY = ("0.0.0.0/0", "::/0")
"""Where a new group lets everything go out to; to the second only in a VPC with IPv6."""
DEFAULT, MODIFY = "default", "ModifyManagedPrefixList"


def made(both: Both) -> Steps:
    """New groups and lists; their rules come when all that they speak of is there."""
    for group in both.made(SecurityGroup):
        if group.group_name != DEFAULT:
            given = {"GroupName": group.group_name, "Description": group.description, "VpcId": group.vpc_id}
            yield make(group, "GroupId", "CreateSecurityGroup", **given)
    for found in both.made(PrefixList):
        if not found.of_aws:
            given = {"PrefixListName": found.list_name, "AddressFamily": found.family}
            more = {"MaxEntries": found.max_entries, "Entries": _entries(found)}
            yield make(found, "PrefixList.PrefixListId", "CreateManagedPrefixList", **given, **more)


def ended(both: Both) -> Steps:
    """Groups and lists that are gone; a default group is its VPC's for life."""
    for group in both.gone(SecurityGroup):
        if group.group_name != DEFAULT:
            yield do(group, "DeleteSecurityGroup", GroupId=group.id)
    for found in both.gone(PrefixList):
        yield do(found, "DeleteManagedPrefixList", PrefixListId=found.id)


def revoked(both: Both) -> Steps:
    """Rules that are gone; those of groups that are gone, too, where they hold another group."""
    for group in both.before.all(SecurityGroup):
        gone = both.is_gone(SecurityGroup, group.id)
        if both.is_gone(Vpc, group.vpc_id) or (gone and not _holds_others(both.before, group)):
            continue
        stay = _keys(both.after, group.id)
        old = [rule for rule in _rules(both.before, group.id) if _key(rule) not in stay]
        yield from _each_way(both.before, group, old, "Revoke")


def authorised(both: Both) -> Steps:
    """Rules that are new."""
    for group in both.after.all(SecurityGroup):
        is_new = both.is_new(SecurityGroup, group.id)
        had = _first_keys(both, group) if is_new else _keys(both.before, group.id)
        rules = list(_rules(both.after, group.id))
        if is_new and not set(map(_key, rules)).issuperset(had):
            yield from _without_first(both, group, set(map(_key, rules)))
        new = [rule for rule in rules if _key(rule) not in had]
        for rule in (rule for rule in new if is_stale(both.after, rule)):
            yield say(
                f"{group.id} has a rule about {rule.peer_group}, which nothing joins to its VPC any more"
            )
        yield from _each_way(
            both.after, group, [rule for rule in new if not is_stale(both.after, rule)], "Authorize"
        )


def entries(both: Both) -> Steps:
    """Other names, sizes and entries of lists."""
    for old, new in both.kept(PrefixList):
        if new.of_aws:
            continue
        if new.list_name != old.list_name:
            yield do(new, MODIFY, PrefixListId=new.id, PrefixListName=new.list_name)
        if new.max_entries > old.max_entries:
            yield do(new, MODIFY, PrefixListId=new.id, MaxEntries=new.max_entries)
        yield from _other_entries(old, new)
        if new.max_entries < old.max_entries:
            yield do(new, MODIFY, PrefixListId=new.id, MaxEntries=new.max_entries)


def _other_entries(old: PrefixList, new: PrefixList) -> Steps:
    """What goes first, for a block with another description is added anew; each change is a version."""
    removed = [{"Cidr": one.cidr} for one in old.entries if one not in new.entries]
    added = [_entry(one) for one in new.entries if one not in old.entries]
    version = old.version
    for name, some in (("RemoveEntries", removed), ("AddEntries", added)):
        if some:
            yield do(new, MODIFY, PrefixListId=new.id, CurrentVersion=version, **{name: some})
            version += 1


def _entries(found: PrefixList) -> list[dict[str, str]]:
    return list(map(_entry, found.entries))


def _entry(one: PrefixListEntry) -> dict[str, str]:
    return {"Cidr": one.cidr} | ({"Description": one.description} if one.description else {})


def _rules(state: State, id: str) -> Iterable[SecurityGroupRule]:
    return state.where(SecurityGroupRule, "group-id", id)


def _key(rule: SecurityGroupRule) -> Key:
    return (*rule.permission, rule.description or None)


def _keys(state: State, id: str) -> set[Key]:
    return set(map(_key, _rules(state, id)))


def _holds_others(state: State, group: SecurityGroup) -> bool:
    """True if a rule of a group keeps another one from being deleted."""
    return any(rule.peer_group not in (None, group.id) for rule in _rules(state, group.id))


def _first_keys(both: Both, group: SecurityGroup) -> set[Key]:
    """What a new group lets through: everything out, and a default one also what comes from itself."""
    vpc = both.before.get(Vpc, group.vpc_id)
    out = {(True, -1, -1, -1, block, None) for block in EVERYBODY[: 2 if vpc and vpc.cidrs6 else 1]}
    return out | ({(False, -1, -1, -1, group.id, None)} if group.group_name == DEFAULT else set())


def _without_first(both: Both, group: SecurityGroup, wanted: set[Key]) -> Steps:
    for egress, *_, peer, _ in sorted(_first_keys(both, group) - wanted, key=str):
        six, way = peer == EVERYBODY[1], "Egress" if egress else "Ingress"
        list_, member = ("Ipv6Ranges", "CidrIpv6") if six else ("IpRanges", "CidrIp")
        list_, member = (list_, member) if egress else ("UserIdGroupPairs", "GroupId")
        given = [{"IpProtocol": "-1", list_: [{member: peer}]}]
        yield do(group, f"RevokeSecurityGroup{way}", GroupId=group.id, IpPermissions=given)


def _each_way(state: State, group: SecurityGroup, rules: list[SecurityGroupRule], verb: str) -> Steps:
    for egress, way in ((False, "Ingress"), (True, "Egress")):
        some = [rule for rule in rules if rule.egress == egress]
        if some:
            shown = [_bare(one) for one in ip_permissions(state, some)]
            yield do(group, f"{verb}SecurityGroup{way}", GroupId=group.id, IpPermissions=shown)


def _bare(permission: object) -> dict[str, object]:
    """A permission without empty lists, and of a peer no more than its group."""
    assert isinstance(permission, dict)
    found = {name: value for name, value in permission.items() if value != []}
    if pairs := found.get("UserIdGroupPairs"):
        kept = (
            ("GroupId", "UserId", "Description")
            if any("VpcId" in p for p in pairs)
            else ("GroupId", "Description")
        )
        found["UserIdGroupPairs"] = [{n: v for n, v in pair.items() if n in kept} for pair in pairs]
    return found


def unsaid(both: Both) -> Steps:
    """A group's name and description stay for life."""
    for old, new in both.kept(SecurityGroup):
        if (old.group_name, old.description) != (new.group_name, new.description):
            yield say(f"{new.id} has another name or description, and cannot get one")
