"""Peering connections between VPCs (facts sheet, section 6.5)."""

from collections.abc import Iterator

from elastinet.catalog.editions import EDITIONS, Figure
from elastinet.catalog.network import ACROSS_REGIONS_MTU, JUMBO_MTU
from elastinet.catalog.settings import Edition
from elastinet.model.peering import Peering
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State


def open_peerings(state: State, vpc_id: str) -> Iterator[Peering]:
    """The peering connections of a VPC that are, or may become, active."""
    return (p for p in state.where(Peering, "vpc-id", vpc_id) if p.open)


def between(state: State, one: str, other: str) -> Peering | None:
    """The open peering connection of two VPCs, if they have one."""
    pair = {one, other}
    peerings = open_peerings(state, one)
    return next((p for p in peerings if {p.requester.vpc_id, p.accepter.vpc_id} == pair), None)


def peers(state: State, vpc_id: str) -> list[str]:
    """The VPCs of the same region that one is connected with."""
    active = (p for p in open_peerings(state, vpc_id) if p.status == "active" and not is_across(p))
    return [side.vpc_id for p in active for side in (p.requester, p.accepter) if side.vpc_id != vpc_id]


def last_between(state: State, one: str, other: str) -> Peering | None:
    """The open peering connection of two VPCs, or the last one that they had."""
    pair = {one, other}
    had = (p for p in state.where(Peering, "vpc-id", one) if pair == {p.requester.vpc_id, p.accepter.vpc_id})
    return between(state, one, other) or max(had, key=lambda p: p.create_time, default=None)


def mtu(peering: Peering) -> int:
    """The largest packet that goes over a peering connection."""
    return ACROSS_REGIONS_MTU if is_across(peering) else JUMBO_MTU


def limit(edition: Edition, *, across: bool) -> Figure | None:
    """Bits a second, in each direction, over a peering connection in one region or across regions."""
    return EDITIONS[edition].region_bps if across else None


def is_across(peering: Peering) -> bool:
    """True if a peering connection is between two regions."""
    return peering.requester.region != peering.accepter.region


def is_elsewhere(state: State, rule: SecurityGroupRule) -> bool:
    """True if a rule refers to a security group of another VPC."""
    own, peer = state.get(SecurityGroup, rule.group_id), state.get(SecurityGroup, rule.peer_group or "")
    return own is not None and peer is not None and own.vpc_id != peer.vpc_id


def is_stale(state: State, rule: SecurityGroupRule) -> bool:
    """True if a rule refers to a group that is gone, or beyond a peering connection that is not active."""
    if rule.peer_group is None:
        return False
    peer = state.get(SecurityGroup, rule.peer_group)
    if peer is None or not is_elsewhere(state, rule):
        return peer is None
    peering = between(state, state.need(SecurityGroup, rule.group_id).vpc_id, peer.vpc_id)
    return peering is None or peering.status != "active"
