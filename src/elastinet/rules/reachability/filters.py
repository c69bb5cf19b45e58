"""What groups and lists let through of a set of headers, and which rule lets one header through."""

from collections.abc import Iterator
from functools import lru_cache

from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.interfaces import holder
from elastinet.rules.permits import members, opened, peers
from elastinet.rules.presence import is_live
from elastinet.rules.ranges import (
    ADDRESSES,
    PORTS,
    Ranges,
    address_of,
    of_block,
    of_blocks,
    size,
    version_of,
)
from elastinet.rules.reachability.headers import Box, Header, Headers

FEW = 64
"""So many addresses are looked up one by one; of more, a group's members are gone through."""


def through_groups(state: State, interface: NetworkInterface, headers: Headers, *, egress: bool) -> Headers:
    """The headers that the groups of an interface let out, or in."""
    found: list[Box] = []
    for rule in rules_of(state, interface, egress=egress):
        box = _box(state, rule, headers)
        if box is not None:
            met = headers.meet((box,))
            if met.boxes == headers.boxes:
                return headers
            found += met.boxes
    return headers._replace(boxes=tuple(dict.fromkeys(found)))


def group_rule(
    state: State, interface: NetworkInterface, header: Headers, *, egress: bool
) -> SecurityGroupRule | None:
    """The first rule of the groups that lets a header through."""
    for rule in rules_of(state, interface, egress=egress):
        box = _box(state, rule, header)
        if box is not None and header.meet((box,)):
            return rule
    return None


def rules_of(state: State, interface: NetworkInterface, *, egress: bool) -> Iterator[SecurityGroupRule]:
    """The rules of an interface's groups in one direction."""
    for group in interface.groups:
        for rule in state.where(SecurityGroupRule, "group-id", group):
            if rule.egress == egress:
                yield rule


def _box(state: State, rule: SecurityGroupRule, headers: Headers) -> Box | None:
    numbers = opened(rule, headers.protocol, headers.version)
    if not numbers:
        return None
    field = "destination" if rule.egress else "source"
    there = _peers(state, rule, headers, field)
    every = ADDRESSES[headers.version]
    return Box(every, every, PORTS, numbers)._replace(**{field: there}) if there else None


def _peers(state: State, rule: SecurityGroupRule, headers: Headers, field: str) -> Ranges:
    """The addresses of a rule's peers: of a group's members those among the headers, where these are few."""
    if rule.cidr:
        return of_block(rule.cidr) if version_of(rule.cidr) == headers.version else ()
    found = tuple(peers(state, rule))
    if rule.peer_group and found == (rule.peer_group,):
        wanted = headers.field(field)
        if size(wanted) <= FEW:
            return _members_among(state, rule.peer_group, wanted, headers.version)
        found = tuple(members(state, rule.peer_group))
    return of_blocks(found, headers.version)


def _members_among(state: State, group_id: str, wanted: Ranges, version: int) -> Ranges:
    vpc_id = state.need(SecurityGroup, group_id).vpc_id
    numbers = (number for low, high in wanted for number in range(low, high + 1))
    found = ((n, holder(state, vpc_id, address_of(n, version))) for n in numbers)
    return tuple((n, n) for n, own in found if own and group_id in own.groups and is_live(state, own))


# --- network ACLs ---------------------------------------------------------------------------------


def acl_of(state: State, subnet_id: str) -> NetworkAcl:
    """The list of a subnet."""
    return next(state.where(NetworkAcl, "association.subnet-id", subnet_id))


def through_acl(acl: NetworkAcl, headers: Headers, *, egress: bool) -> Headers:
    """The headers that a list lets out of its subnets, or in: the first rule that matches decides."""
    left, found = headers, list[Box]()
    for rule in _ordered(acl, egress=egress):
        box = acl_box(rule, headers.version, headers.protocol)
        if box is None:
            continue
        if rule.allow:
            found += left.meet((box,)).boxes
        left = left.minus((box,))
        if not left:
            break
    if found == list(headers.boxes):
        return headers
    return headers._replace(boxes=tuple(dict.fromkeys(found)))


def acl_rule(acl: NetworkAcl, header: Header, version: int, protocol: int, *, egress: bool) -> AclRule | None:
    """The rule that decides on a header; None where only the end of the list does."""
    for rule in _ordered(acl, egress=egress):
        box = acl_box(rule, version, protocol)
        if box is not None and box.has(header):
            return rule
    return None


def _ordered(acl: NetworkAcl, *, egress: bool) -> list[AclRule]:
    return sorted((rule for rule in acl.rules if rule.egress == egress), key=lambda rule: rule.number)


@lru_cache(maxsize=1 << 14)
def acl_box(rule: AclRule, version: int, protocol: int) -> Box | None:
    """The headers of a protocol that an entry of a list decides on; None for none."""
    numbers = opened(rule, protocol, version) if version_of(rule.cidr) == version else ()
    if not numbers:
        return None
    every = ADDRESSES[version]
    field = "destination" if rule.egress else "source"
    return Box(every, every, PORTS, numbers)._replace(**{field: of_block(rule.cidr)})
