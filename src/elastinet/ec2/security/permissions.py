"""Security group rules between the shapes of the API and the nouns of the model."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from elastinet.ec2.core import faults
from elastinet.ec2.core.descriptions import description
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.security.named_groups import by_name
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules import filtering
from elastinet.rules.peerings import between, last_between

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionOutputTypeDef, UserIdGroupPairTypeDef


class Described(TypedDict, total=False):
    """The description of a rule, in each part of an answer that may have one."""

    Description: str


class IpPermission(NamedTuple):
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
        """The key of the rule in one direction, equal to that of a SecurityGroupRule with the same effect."""
        return (egress, self.protocol, self.low, self.high, self.peer)


def ip_permissions(state: State, rules: list[SecurityGroupRule]) -> "list[IpPermissionOutputTypeDef]":
    """Rules grouped by protocol and ports, as DescribeSecurityGroups shows them."""
    groups: dict[tuple[int, int, int], list[SecurityGroupRule]] = {}
    for rule in rules:
        groups.setdefault((rule.protocol, rule.low, rule.high), []).append(rule)
    return [_permission(state, key, members) for key, members in groups.items()]


def _permission(
    state: State, key: tuple[int, int, int], rules: list[SecurityGroupRule]
) -> "IpPermissionOutputTypeDef":
    protocol, low, high = key
    shown: IpPermissionOutputTypeDef = {
        "IpProtocol": filtering.protocol_name(protocol),
        "IpRanges": [{"CidrIp": r.cidr, **_description(r)} for r in rules if r.cidr and ":" not in r.cidr],
        "Ipv6Ranges": [{"CidrIpv6": r.cidr, **_description(r)} for r in rules if r.cidr and ":" in r.cidr],
        "PrefixListIds": [{"PrefixListId": r.prefix_list, **_description(r)} for r in rules if r.prefix_list],
        "UserIdGroupPairs": [{**_description(r), **pair(state, r)} for r in rules if r.peer_group],
    }
    if has_span(protocol):
        shown |= {"FromPort": low, "ToPort": high}
    return shown


def has_span(protocol: int) -> bool:
    """True if a protocol has ports, or a type and a code."""
    return protocol in filtering.PORTS or protocol in filtering.ICMPS


def _description(rule: SecurityGroupRule) -> Described:
    return {"Description": rule.description} if rule.description else {}


def read(tx: Transaction, request: Request, group: SecurityGroup) -> list[IpPermission]:
    """The rules of a group that a request lists, in either of the two ways that EC2 takes them."""
    items = request.get("IpPermissions")
    flat = [name for name in ("IpProtocol", "FromPort", "ToPort", "CidrIp") if name in request]
    if items is not None and flat:
        raise Fault(
            "InvalidParameterCombination", f"The parameter {flat[0]} cannot be used with ipPermissions."
        )
    if items is None:
        return [_flat(request)] if flat else []
    return [permission for item in items for permission in _read(tx, item, group)]


def _flat(request: Request) -> IpPermission:
    protocol, cidr = request.get("IpProtocol"), request.get("CidrIp")
    if protocol is None or cidr is None:
        missing = "ipProtocol" if protocol is None else "cidrIp"
        raise Fault("MissingParameter", f"The request must contain the parameter {missing}")
    number = filtering.protocol_number(protocol)
    low, high = filtering.span(number, request.get("FromPort"), request.get("ToPort"))
    return IpPermission(number, low, high, filtering.cidr(cidr, 4), None, None, None)


def _read(tx: Transaction, item: Request, group: SecurityGroup) -> Iterator[IpPermission]:
    name = item.get("IpProtocol")
    if name is None:
        raise Fault("MissingParameter", "The request must contain the parameter IpPermissions.1.IpProtocol")
    protocol = filtering.protocol_number(name)
    low, high = filtering.span(protocol, item.get("FromPort"), item.get("ToPort"))
    peers = list(_peers(tx, item, group))
    if not peers:
        raise Fault("MissingParameter", "The request must contain an IP range, a prefix list or a group.")
    return (IpPermission(protocol, low, high, *peer) for peer in peers)


Peer = tuple[str | None, str | None, str | None, str | None]
"""A CIDR, a group or a prefix list, and the description."""


def _peers(tx: Transaction, item: Request, group: SecurityGroup) -> Iterator[Peer]:
    for version, ranges, name in ((4, "IpRanges", "CidrIp"), (6, "Ipv6Ranges", "CidrIpv6")):
        for one in item.get(ranges) or ():
            text = one.get(name)
            if text is None:
                raise Fault("MissingParameter", f"The request must contain the parameter {name}")
            yield filtering.cidr(text, version), None, None, description(one)
    for one in item.get("UserIdGroupPairs") or ():
        yield None, _group(tx, one, group).id, None, description(one)
    for one in item.get("PrefixListIds") or ():
        if (id := one.get("PrefixListId")) is None:
            raise Fault("MissingParameter", "The request must contain the parameter PrefixListId")
        yield None, None, need(tx, PrefixList, "pl", id).id, description(one)


def _group(tx: Transaction, pair: Request, group: SecurityGroup) -> SecurityGroup:
    id, name = pair.get("GroupId"), pair.get("GroupName")
    if id is None and name is None:
        raise Fault("MissingParameter", "The request must contain the parameter groupId")
    found = find_peer(tx, group, id) if id is not None else by_name(tx, str(name))
    # What else a pair may say must be so: EC2 shows it, and clients send it back.
    for given, actual in ((pair.get("UserId"), found.owner), (pair.get("VpcId"), found.vpc_id)):
        if given not in (None, actual):
            raise faults.missing("sg", [found.id])
    if (peering := pair.get("VpcPeeringConnectionId")) is not None:
        known = between(tx.state, group.vpc_id, found.vpc_id)
        if known is None or known.id != peering:
            raise faults.missing("pcx", [peering])
    return found


def find_peer(tx: Transaction, group: SecurityGroup, id: str) -> SecurityGroup:
    """A group that a rule of another may speak of: of the same VPC, or of one peered in the region."""
    found = tx.state.get(SecurityGroup, id)
    if found is None or found.region != tx.region:
        return need(tx, SecurityGroup, "sg", id)
    if found.vpc_id == group.vpc_id or is_spoken_of(tx, group, id):
        return found
    peering = between(tx.state, group.vpc_id, found.vpc_id)
    if peering is not None and peering.status == "active":
        return found
    if found.owner != tx.owner:
        raise faults.missing("sg", [id])
    sentence = "You have specified two resources that belong to different networks."
    raise Fault("InvalidGroup.NotFound", sentence)


def is_spoken_of(tx: Transaction, group: SecurityGroup, id: str) -> bool:
    """True if a group has a rule about another group, even one that is now out of its reach."""
    return any(rule.group_id == group.id for rule in tx.state.where(SecurityGroupRule, "peer-group", id))


def parts(state: State, rule: SecurityGroupRule) -> tuple[object, ...]:
    """The nouns in a rule's view beside the rule: the peering connection with its peer group's VPC."""
    if rule.peer_group is None or rule.peer_group == rule.group_id:
        return ()
    own, peer = state.get(SecurityGroup, rule.group_id), state.get(SecurityGroup, rule.peer_group)
    if own is None or peer is None or own.vpc_id == peer.vpc_id:
        return ()
    return (last_between(state, own.vpc_id, peer.vpc_id),)


def pair(state: State, rule: SecurityGroupRule) -> "UserIdGroupPairTypeDef":
    """The group that a rule speaks of; where it is in another VPC, by which peering connection."""
    own, peer = state.need(SecurityGroup, rule.group_id), state.get(SecurityGroup, rule.peer_group or "")
    shown: UserIdGroupPairTypeDef = {
        "GroupId": rule.peer_group or "",
        "UserId": peer.owner if peer else own.owner,
    }
    if peer is None or peer.vpc_id == own.vpc_id:
        return shown
    peering = last_between(state, own.vpc_id, peer.vpc_id)
    shown["VpcId"] = peer.vpc_id
    if peering is not None:
        shown |= {"VpcPeeringConnectionId": peering.id, "PeeringStatus": peering.status}
    return shown


def rules_of(tx: Transaction, group_id: str, egress: bool) -> Iterable[SecurityGroupRule]:
    """A group's rules of one direction."""
    return (r for r in tx.where(SecurityGroupRule, "group-id", group_id) if r.egress == egress)
