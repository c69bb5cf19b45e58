"""Security group and network ACL rules that connections between two interfaces lack (sections 5 and 6.2)."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from elastinet.catalog.protocols import ANY
from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.filtering import PORTS, protocol_name
from elastinet.rules.next_hop import are_neighbours
from elastinet.rules.peerings import between
from elastinet.rules.prefix_lists import blocks

EPHEMERAL = (32768, 60999)
"""The ports that Linux answers from a connection's own end."""


class Passage(NamedTuple):
    """Packets of one protocol to a span of ports, and the addresses that each side sees of the other."""

    protocol: int
    low: int
    high: int
    source_ip: str
    target_ip: str


class Missing(NamedTuple):
    """A rule that is not there: of a security group or a network ACL (by its id), in one direction."""

    holder: str
    egress: bool
    protocol: int
    low: int
    high: int
    cidr: str

    @property
    def sentence(self) -> str:
        """The missing rule as a sentence: "sg-1 does not let TCP port 22 in from 10.0.0.5/32"."""
        ports = f"port {self.low}" if self.low == self.high else f"ports {self.low} to {self.high}"
        name = protocol_name(self.protocol).upper()
        way = f"out to {self.cidr}" if self.egress else f"in from {self.cidr}"
        return f"{self.holder} does not let {name} {ports} {way}"


def missing(
    state: State, one: NetworkInterface, other: NetworkInterface, passage: Passage
) -> Iterator[Missing]:
    """The rules that connections from one interface to another lack; answers need none of a group's."""
    protocol, low, high, source, target = passage
    if not _admitted(state, one, other, passage, egress=True):
        yield Missing(one.groups[0], True, protocol, low, high, f"{target}/32")
    if not _admitted(state, other, one, passage, egress=False):
        yield Missing(other.groups[0], False, protocol, low, high, f"{source}/32")
    if not are_neighbours(one, other) or target not in other.addresses:
        yield from _acls(state, one, other, passage)


def _admitted(
    state: State, own: NetworkInterface, peer: NetworkInterface, passage: Passage, *, egress: bool
) -> bool:
    address = passage.target_ip if egress else passage.source_ip
    rules = [
        rule
        for group in own.groups
        for rule in state.where(SecurityGroupRule, "group-id", group)
        if rule.egress == egress and _speaks_of(state, rule, own, peer, address)
    ]
    ports = _edges(rules, passage.low, passage.high)
    return all(any(_has_port(rule, passage.protocol, port) for rule in rules) for port in ports)


def _speaks_of(
    state: State, rule: SecurityGroupRule, own: NetworkInterface, peer: NetworkInterface, address: str
) -> bool:
    """True if a rule matches a peer's address: by CIDR, or, for a private address, by the peer's group."""
    if not rule.peer_group:
        return any(ip_address(address) in ip_network(block) for block in blocks(state, rule.peer))
    if rule.peer_group not in peer.groups or address not in peer.addresses:
        return False
    peering = between(state, own.vpc_id, peer.vpc_id)
    return own.vpc_id == peer.vpc_id or (peering is not None and peering.status == "active")


def _has_port(rule: SecurityGroupRule | AclRule, protocol: int, port: int) -> bool:
    if rule.protocol == ANY:
        return True
    return rule.protocol == protocol and (protocol not in PORTS or rule.low <= port <= rule.high)


def _acls(
    state: State, one: NetworkInterface, other: NetworkInterface, passage: Passage
) -> Iterator[Missing]:
    """The rules that the two subnets' ACLs lack, for the packets and for the answers to them."""
    protocol, low, high, source, target = passage
    borders = (
        (one, True, (low, high), target),
        (other, False, (low, high), source),
        (other, True, EPHEMERAL, source),
        (one, False, EPHEMERAL, target),
    )
    for interface, egress, ports, address in borders:
        acl = next(state.where(NetworkAcl, "association.subnet-id", interface.subnet_id))
        rules = [rule for rule in acl.rules if rule.egress == egress and _holds(rule, address)]
        if not all(_allowed(rules, protocol, port) for port in _edges(rules, *ports)):
            yield Missing(acl.id, egress, protocol, *ports, f"{address}/32")


def _holds(rule: AclRule, address: str) -> bool:
    return ip_address(address) in ip_network(rule.cidr)


def _edges(rules: Iterable[AclRule | SecurityGroupRule], low: int, high: int) -> set[int]:
    """Ports of a span between which no rule makes a difference."""
    found = {edge for rule in rules for edge in (rule.low, rule.low - 1, rule.high, rule.high + 1)}
    return {low, high} | {port for port in found if low < port < high}


def _allowed(rules: Iterable[AclRule], protocol: int, port: int) -> bool:
    """The verdict of the first rule that matches a port; False if none does."""
    return next((rule.allow for rule in rules if _has_port(rule, protocol, port)), False)
