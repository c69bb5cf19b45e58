"""Security group rules between the shapes of the API and the nouns of the model."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from elastinet.ec2.lookup import need
from elastinet.ec2.named_groups import by_name
from elastinet.ec2.request import Request
from elastinet.ec2.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.rules import filtering


class Permission(NamedTuple):
    """One rule that a request asks for."""

    protocol: int
    low: int
    high: int
    cidr: str | None
    peer_group: str | None
    prefix_list: str | None
    description: str | None

    @property
    def peer(self) -> str:
        """The CIDR, the group or the prefix list."""
        return self.cidr or self.peer_group or self.prefix_list or ""

    def same(self, egress: bool) -> tuple[bool, int, int, int, str]:
        """What makes it the same as a rule that is there."""
        return (egress, self.protocol, self.low, self.high, self.peer)


def ip_permissions(rules: list[SecurityGroupRule], owner: str) -> list[dict[str, Any]]:
    """Rules grouped by protocol and ports, as DescribeSecurityGroups shows them."""
    groups: dict[tuple[int, int, int], list[SecurityGroupRule]] = {}
    for rule in rules:
        groups.setdefault((rule.protocol, rule.low, rule.high), []).append(rule)
    return [_permission(key, members, owner) for key, members in groups.items()]


def _permission(key: tuple[int, int, int], rules: list[SecurityGroupRule], owner: str) -> dict[str, Any]:
    protocol, low, high = key
    pairs = [r for r in rules if r.peer_group]
    shown: dict[str, Any] = {
        "IpProtocol": filtering.protocol_name(protocol),
        "IpRanges": [_described(r, "CidrIp", r.cidr) for r in rules if r.cidr and ":" not in r.cidr],
        "Ipv6Ranges": [_described(r, "CidrIpv6", r.cidr) for r in rules if r.cidr and ":" in r.cidr],
        "PrefixListIds": [_described(r, "PrefixListId", r.prefix_list) for r in rules if r.prefix_list],
        "UserIdGroupPairs": [_described(r, "GroupId", r.peer_group) | {"UserId": owner} for r in pairs],
    }
    return shown | span(protocol, low, high)


def span(protocol: int, low: int, high: int) -> dict[str, int]:
    """The ports, or the type and code, of the protocols that have them."""
    has = protocol in filtering.PORTS or protocol in filtering.ICMP
    return {"FromPort": low, "ToPort": high} if has else {}


def _described(rule: SecurityGroupRule, name: str, value: str | None) -> dict[str, Any]:
    return {name: value} | ({"Description": rule.description} if rule.description else {})


def read(tx: Transaction, request: Request) -> list[Permission]:
    """The rules that a request lists, in either of the two ways that EC2 takes them."""
    items = request.get("IpPermissions")
    flat = [name for name in ("IpProtocol", "FromPort", "ToPort", "CidrIp") if name in request]
    if items is not None and flat:
        raise Fault(
            "InvalidParameterCombination", f"The parameter {flat[0]} cannot be used with ipPermissions."
        )
    if items is None:
        return [_flat(request)] if flat else []
    return [permission for item in items for permission in _read(tx, item)]


def _flat(request: Request) -> Permission:
    protocol, cidr = request.get("IpProtocol"), request.get("CidrIp")
    if protocol is None or cidr is None:
        missing = "ipProtocol" if protocol is None else "cidrIp"
        raise Fault("MissingParameter", f"The request must contain the parameter {missing}")
    number = filtering.protocol_number(protocol)
    low, high = filtering.span(number, request.get("FromPort"), request.get("ToPort"))
    return Permission(number, low, high, filtering.cidr(cidr, 4), None, None, None)


def _read(tx: Transaction, item: Request) -> Iterator[Permission]:
    name = item.get("IpProtocol")
    if name is None:
        raise Fault("MissingParameter", "The request must contain the parameter IpPermissions.1.IpProtocol")
    protocol = filtering.protocol_number(name)
    low, high = filtering.span(protocol, item.get("FromPort"), item.get("ToPort"))
    peers = list(_peers(tx, item))
    if not peers:
        raise Fault("MissingParameter", "The request must contain an IP range, a prefix list or a group.")
    return (Permission(protocol, low, high, *peer) for peer in peers)


Peer = tuple[str | None, str | None, str | None, str | None]
"""A CIDR, a group or a prefix list, and the description."""


def _peers(tx: Transaction, item: Request) -> Iterator[Peer]:
    for version, ranges, name in ((4, "IpRanges", "CidrIp"), (6, "Ipv6Ranges", "CidrIpv6")):
        for one in item.get(ranges) or ():
            text = one.get(name)
            if text is None:
                raise Fault("MissingParameter", f"The request must contain the parameter {name}")
            yield filtering.cidr(text, version), None, None, one.get("Description")
    for one in item.get("UserIdGroupPairs") or ():
        yield None, _group(tx, one).id, None, one.get("Description")
    for one in item.get("PrefixListIds") or ():
        if (id := one.get("PrefixListId")) is None:
            raise Fault("MissingParameter", "The request must contain the parameter PrefixListId")
        yield None, None, need(tx, PrefixList, "pl", id).id, one.get("Description")


def _group(tx: Transaction, pair: Request) -> SecurityGroup:
    if (user := pair.get("UserId")) is not None and user != tx.owner:
        raise Fault("InvalidGroup.NotFound", f"The security group of the account '{user}' does not exist")
    if (id := pair.get("GroupId")) is not None:
        return need(tx, SecurityGroup, "sg", id)
    if (name := pair.get("GroupName")) is not None:
        return by_name(tx, name)
    raise Fault("MissingParameter", "The request must contain the parameter groupId")


def rules_of(tx: Transaction, group_id: str, egress: bool) -> Iterable[SecurityGroupRule]:
    """A group's rules of one direction."""
    return (r for r in tx.where(SecurityGroupRule, "group-id", group_id) if r.egress == egress)
