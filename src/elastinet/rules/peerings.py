"""Which VPCs are peered (facts sheet, section 6.5)."""

from collections.abc import Iterator

from elastinet.model.peering import Peering
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State

IN_REGION_MTU, ACROSS_MTU = 9001, 8500


def open_peerings(state: State, vpc_id: str) -> Iterator[Peering]:
    """The peering connections of a VPC that are, or may become, active."""
    return (p for p in state.where(Peering, "vpc-id", vpc_id) if p.open)


def between(state: State, one: str, other: str) -> Peering | None:
    """The open peering connection of two VPCs, if they have one."""
    pair = {one, other}
    peerings = open_peerings(state, one)
    return next((p for p in peerings if {p.requester.vpc_id, p.accepter.vpc_id} == pair), None)


def last_between(state: State, one: str, other: str) -> Peering | None:
    """The open peering connection of two VPCs, or the last one that they had."""
    pair = {one, other}
    had = (p for p in state.where(Peering, "vpc-id", one) if pair == {p.requester.vpc_id, p.accepter.vpc_id})
    return between(state, one, other) or max(had, key=lambda p: p.create_time, default=None)


def mtu(peering: Peering) -> int:
    """The largest packet that goes over a peering connection."""
    return IN_REGION_MTU if peering.requester.region == peering.accepter.region else ACROSS_MTU


def is_elsewhere(state: State, rule: SecurityGroupRule) -> bool:
    """Whether a rule speaks of a group of another VPC."""
    own, peer = state.get(SecurityGroup, rule.group_id), state.get(SecurityGroup, rule.peer_group or "")
    return own is not None and peer is not None and own.vpc_id != peer.vpc_id
