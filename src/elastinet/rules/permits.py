"""What one rule of a security group or a network ACL speaks of, in numbers: the kernel's program is made from
this, the analysis walks it, and forecasts ask it (facts sheet, section 5).
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network

from elastinet.catalog.protocols import ANY, ICMP, ICMP6
from elastinet.model.interface import NetworkInterface
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.peerings import between, is_elsewhere
from elastinet.rules.prefix_lists import blocks
from elastinet.rules.presence import is_live
from elastinet.rules.ranges import PORTS, Ranges
from elastinet.rules.rule_numbers import BY_PROTOCOL, Rule, family, numbers

OF_VERSION = {ICMP: 4, ICMP6: 6}
"""Protocols of one version of IP; a rule about them never speaks of the other's packets."""


def opened(rule: Rule, protocol: int, version: int) -> Ranges:
    """The numbers that a rule speaks of in packets of a protocol: none, if it is about another one."""
    if OF_VERSION.get(rule.protocol, version) != version or rule.protocol not in (ANY, protocol):
        return ()
    return PORTS if rule.protocol == ANY or family(protocol) == BY_PROTOCOL else (numbers(rule),)


def peers(state: State, rule: SecurityGroupRule) -> Iterable[str]:
    """The peers of a group's rule: blocks, a group of the same VPC, or what a peered VPC's group has."""
    if not rule.peer_group:
        return blocks(state, rule.peer)
    if state.get(SecurityGroup, rule.peer_group) is None:
        return ()  # it was a peered VPC's, and is gone
    if not is_elsewhere(state, rule):
        return (rule.peer_group,)
    own, peer = state.need(SecurityGroup, rule.group_id), state.need(SecurityGroup, rule.peer_group)
    peering = between(state, own.vpc_id, peer.vpc_id)
    if peering is None or peering.status != "active":
        return ()
    return [str(ip_network(address)) for address in members(state, peer.id)]


def members(state: State, group_id: str) -> Iterator[str]:
    """The addresses and delegated prefixes by which a rule knows a group's members."""
    there = (i for i in state.where(NetworkInterface, "group-id", group_id) if is_live(state, i))
    yield from (own for interface in there for own in interface.own_addresses)
