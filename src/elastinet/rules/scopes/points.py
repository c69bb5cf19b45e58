"""The addresses of a region as points of a line, and sets of points as the bits of one whole number.

A point is a range of addresses that no rule, list, table or statement tells apart, of one owner. So what a
filter lets through is a set of points, and to ask it of thousands of interfaces takes one `&`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.prefix_lists import is_prefix_list
from elastinet.rules.ranges import ADDRESSES, Range, Ranges, minus, of_block, of_blocks, version_of
from elastinet.rules.reachability.walk import INTERNET, PRIVATE, publics

Mask = int
"""A set of points: bit n is set where the n-th point is in it."""


class Point(NamedTuple):
    """Addresses of an interface, of the far side of a peering connection, or of the internet."""

    low: int
    high: int
    owner: str


class Line:
    """The points of a region, by their addresses; those of peering connections that are asked about."""

    def __init__(
        self,
        state: State,
        peerings: Iterable[str] = (),
        also: Iterable[Ranges] = (),
        private: Ranges = PRIVATE,
    ) -> None:
        edges = sorted({*_edges(state), *_borders(pair for ranges in also for pair in ranges)})
        owned = [*_owned(state, peerings, private)]
        self.points = sorted(
            Point(low, high, owner) for whole, owner in owned for low, high in _split(whole, edges)
        )
        self._lows = [point.low for point in self.points]
        self._owners: dict[str, Mask] = {}
        for number, point in enumerate(self.points):
            self._owners[point.owner] = self._owners.get(point.owner, 0) | 1 << number
        self._within: dict[Ranges, Mask] = {}

    @property
    def every(self) -> Mask:
        """All points."""
        return (1 << len(self.points)) - 1

    def within(self, ranges: Ranges) -> Mask:
        """The points with these addresses, whoever has them."""
        found = self._within.get(ranges)
        if found is None:
            found = 0
            for low, high in ranges:
                first, last = bisect_left(self._lows, low), bisect_right(self._lows, high)
                found |= (1 << last) - (1 << first)
            self._within[ranges] = found
        return found

    def of(self, owner: str) -> Mask:
        """The points of an owner."""
        return self._owners.get(owner, 0)

    def of_all(self, owners: Iterable[str]) -> Mask:
        """The points of some owners."""
        found = 0
        for owner in owners:
            found |= self._owners.get(owner, 0)
        return found

    def first_owner(self, mask: Mask) -> str:
        """Whose the lowest point of a set is, which must have one."""
        return self.points[(mask & -mask).bit_length() - 1].owner

    def owners(self, mask: Mask) -> list[str]:
        """Whose some points are, each once, in the order of their addresses."""
        return list(dict.fromkeys(self.points[number].owner for number in bits(mask)))


def bits(mask: Mask) -> Iterator[int]:
    """The numbers of the points of a set, the lowest first."""
    data = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    for place, byte in enumerate(data):
        while byte:
            yield place * 8 + (byte & -byte).bit_length() - 1
            byte &= byte - 1


def _split(whole: Range, edges: list[int]) -> Iterator[Range]:
    low, high = whole
    inner = edges[bisect_right(edges, low) : bisect_right(edges, high)] if low < high else []
    yield from ((one, other - 1) for one, other in pairwise((low, *inner, high + 1)))


def _owned(state: State, peerings: Iterable[str], private: Ranges) -> Iterator[tuple[Range, str]]:
    yield from ((whole, INTERNET) for whole in minus(ADDRESSES[4], private))
    for interface in state.all(NetworkInterface):
        yield from ((whole, interface.id) for whole in _own(interface))
    for id in peerings:
        peering = state.need(Peering, id)
        blocks = (*peering.requester.cidrs, *peering.accepter.cidrs)
        yield from ((whole, id) for whole in of_blocks(blocks, 4))


def _edges(state: State) -> Iterator[int]:
    """Where something begins that addresses are told apart by, or has ended."""
    for block in {*_blocks(state)}:
        if version_of(block) == 4:
            yield from _borders(of_block(block))
    for interface in state.all(NetworkInterface):
        yield from _borders(_own(interface))
        if not interface.source_dest_check:
            yield from _borders(pair for public, _ in publics(state, interface) for pair in of_block(public))


def _own(interface: NetworkInterface) -> Iterator[Range]:
    """Each address and prefix by itself: neighbours may have public addresses of their own."""
    return (pair for own in interface.own_addresses if version_of(own) == 4 for pair in of_block(own))


def _borders(ranges: Iterable[Range]) -> Iterator[int]:
    for low, high in ranges:
        yield from (low, high + 1)


def _blocks(state: State) -> Iterator[str]:
    yield from (rule.cidr for rule in state.all(SecurityGroupRule) if rule.cidr)
    yield from (entry.cidr for found in state.all(PrefixList) for entry in found.entries)
    yield from (rule.cidr for acl in state.all(NetworkAcl) for rule in acl.rules)
    routes = (route.destination for table in state.all(RouteTable) for route in table.routes)
    yield from (block for block in routes if not is_prefix_list(block))
    yield from (subnet.cidr for subnet in state.all(Subnet) if subnet.cidr)
    yield from (block for vpc in state.all(Vpc) for block in vpc.cidrs)
    sides = (side for peering in state.all(Peering) for side in (peering.requester, peering.accepter))
    yield from (block for side in sides for block in side.cidrs)
