"""The search for a path: of all to the target the one that takes the least to open, then the shortest."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from elastinet.model.interface import NetworkInterface
from elastinet.rules.reachability.headers import MOST_BOXES, Headers
from elastinet.rules.reachability.inside import arrive, leave
from elastinet.rules.reachability.outside import enter_by_gateway, from_internet, over_peering
from elastinet.rules.reachability.steps import Blocker, Onward, Place, Step, blocker
from elastinet.rules.reachability.walk import INTERNET, Walk, own_ranges

MOST_HOPS = 64
MOST_PLACES = 2000
"""A walk ends after so many: routes may lead round and round."""


class Path(NamedTuple):
    """The components from the source to the target, and the headers that arrive."""

    steps: tuple[Step, ...]
    arrived: Headers

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """All that must change on it."""
        return tuple(dict.fromkeys(blocker for step in self.steps for blocker in step.blockers))

    @property
    def weight(self) -> int:
        """What it takes to open it."""
        return sum(blocker.weight for blocker in self.blockers)


def paths(walk: Walk, place: Place, headers: Headers) -> Iterator[Path]:
    """The paths from a place to the walk's target, those that take the least first."""
    order = count(1)
    heap: list[tuple[int, int, int, Place, Headers, tuple[Step, ...]]] = [(0, 0, 0, place, headers, ())]
    seen = set[tuple[Place, Headers, frozenset[str]]]()
    while heap:
        weight, hops, _, place, headers, steps = heappop(heap)
        known = (place, headers, walk.through.intersection(step.hop.id for step in steps))
        if known in seen:
            continue
        if left_out := _left_out(hops, len(seen), headers):
            walk.left_out.add(left_out)
        if hops > MOST_HOPS:
            continue
        if len(seen) >= MOST_PLACES:
            return
        seen.add(known)
        if steps and _is_target(walk, place):
            own = _meant(walk, place, headers)
            if own and known[-1] == walk.through:
                yield Path(steps, own)
            headers = headers.minus(own.boxes)
            if not headers:
                continue
        if place.kind == "internet" and steps and not walk.reflects:
            if walk.only_open:
                continue
            steps = _reflected(steps)
            weight += steps[-1].blockers[-1].weight
        for onward in _onward(walk, place, headers, begins=not steps):
            if onward.headers and not walk.closed.intersection(step.hop.id for step in onward.steps):
                found = (*steps, *onward.steps)
                more = sum(blocker.weight for step in onward.steps for blocker in step.blockers)
                if more and walk.only_open:
                    continue
                cost = (weight + more, len(found), next(order))
                heappush(heap, (*cost, onward.place, onward.headers, found))


def _left_out(hops: int, places: int, headers: Headers) -> str:
    """What a walk does not look at, if there is too much."""
    if hops > MOST_HOPS:
        return f"ways of more than {MOST_HOPS} components"
    if places >= MOST_PLACES:
        return f"more than {MOST_PLACES} places"
    return f"headers in more than {MOST_BOXES} pieces" if headers.is_part else ""


def _is_target(walk: Walk, place: Place) -> bool:
    """True if headers that come to a place have come through all that stands before the target."""
    return place.kind in ("out", "internet", "at") and (place.id or INTERNET) in walk.target


def _meant(walk: Walk, place: Place, headers: Headers) -> Headers:
    """The headers that end at the target: an interface sends on what is for others, or its public address.

    An answer goes to whoever has asked, by whichever address.
    """
    interface = walk.state.get(NetworkInterface, place.id)
    if interface is None or walk.is_answer:
        return headers
    return headers.limited(destination=own_ranges(interface, headers.version))


def _reflected(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """A way on which an internet gateway is none of the ends, as Reachability Analyzer judges it."""
    last = steps[-1]
    refused = blocker("IGW_NAT_REFLECTION", gateway=last.hop.id)
    return (*steps[:-1], last._replace(blockers=(*last.blockers, refused)))


def _onward(walk: Walk, place: Place, headers: Headers, *, begins: bool) -> Iterator[Onward]:
    match place.kind:
        case "out":
            yield from leave(walk, walk.state.need(NetworkInterface, place.id), headers)
        case "in":
            yield from arrive(walk, walk.state.need(NetworkInterface, place.id), place, headers)
        case "internet":
            yield from from_internet(walk, headers, begins=begins and not walk.is_answer)
        case "gate":
            yield from enter_by_gateway(walk, place.id, headers)
        case "over":
            yield from over_peering(walk, place.id, place.sender, headers)
