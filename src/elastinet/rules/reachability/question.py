"""One question: do packets get from a source to a target, and their answers back; and if not, why not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from elastinet.catalog.protocols import TCP
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.ranges import ADDRESSES, Ranges, minus, of_blocks
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.search import Path, paths
from elastinet.rules.reachability.steps import Blocker, Place, blocker
from elastinet.rules.reachability.walk import (
    INTERNET,
    PRIVATE,
    Walk,
    gateway_of,
    own_ranges,
    publics,
)

MOST_PATHS = 32
"""So many ways there are tried for one whose answers come back."""


@dataclass(frozen=True)
class Question:
    """From some interfaces, or the internet, to others: with packets of a protocol (a number).

    `fields` are what its headers may have at the source, `arriving` at the target. `both_ways` asks for the
    answers, too: of TCP always.
    """

    source: frozenset[str]
    target: frozenset[str]
    protocol: int = TCP
    version: int = 4
    fields: dict[str, Ranges] = field(default_factory=dict)
    arriving: dict[str, Ranges] = field(default_factory=dict)
    both_ways: bool = True


class Answer(NamedTuple):
    """The path there and the path back, each with what blocks it; None where nothing leads there.

    `nothing` says then why no path could be made by rules and routes alone.
    """

    there: Path | None
    back: Path | None
    both_ways: bool
    nothing: tuple[Blocker, ...] = ()

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        """All that must change, in the order of the way."""
        found = (one for way in (self.there, self.back) if way for one in way.blockers)
        return tuple(dict.fromkeys((*found, *self.nothing)))

    @property
    def reachable(self) -> bool:
        """True if something gets through, and back where that was asked."""
        complete = self.there is not None and (self.back is not None or not self.both_ways)
        return complete and not self.blockers

    @property
    def weight(self) -> int:
        """What it takes to open it."""
        return sum(one.weight for one in self.blockers)


def ask(state: State, question: Question) -> Answer:
    """The answer with the least that must change; if nothing must, packets get through."""
    best: Answer | None = None
    for there in islice(_ways_there(state, question), MOST_PATHS):
        if best is not None and there.weight >= best.weight:
            break
        back = next(_ways_back(state, question, there), None) if question.both_ways else None
        found = Answer(there, back, question.both_ways)
        if question.both_ways and back is None:
            continue
        if best is None or found.weight < best.weight:
            best = found
        if not best.blockers:
            break
    return best or _without_path(state, question)


def _without_path(state: State, question: Question) -> Answer:
    """The answer where something is lacking that no rule or route makes up for."""
    there = next(_ways_there(state, question), None)
    if there is not None and there.blockers:
        return Answer(there, None, question.both_ways)  # where answers go is seen when something arrives
    return Answer(there, None, question.both_ways, (_lacking(state, question),))


def _lacking(state: State, question: Question) -> Blocker:
    """What is lacking: an address, an end, something that joins two VPCs, a gateway; else just a path."""
    both = (question.source, question.target)
    for id in sorted((question.source | question.target) - {INTERNET}):
        interface = state.get(NetworkInterface, id)
        if interface is None:
            return blocker("NO_SOURCE_OR_DESTINATION", component=id)
        if not own_ranges(interface, question.version):
            return blocker("UNASSOCIATED_COMPONENT", component=id)
    vpcs = [sorted({state.need(NetworkInterface, id).vpc_id for id in end - {INTERNET}}) for end in both]
    if INTERNET in question.source | question.target:
        for id in sorted(question.target - {INTERNET}) if question.version == 4 else ():
            if gateway := gateway_of(state, vpcs[1][0]):
                about = {"gateway": gateway.id, "vpc": vpcs[1][0], "interface": id}
                return blocker("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", **about)
        return blocker("NO_PATH", vpc=(vpcs[0] or vpcs[1] or [""])[0], destination="internet gateway")
    if vpcs[0] != vpcs[1]:
        return blocker("DISCONNECTED_VPCS", source=vpcs[0][0], destination=vpcs[1][0])
    return blocker("NO_PATH", vpc=vpcs[0][0])


def _ways_there(state: State, question: Question) -> Iterator[Path]:
    walk = Walk(state, question.target)
    for place, headers in _starts(state, question):
        for path in paths(walk, place, headers):
            if arrived := path.arrived.limited(**question.arriving):
                yield path._replace(arrived=arrived)


def _starts(state: State, question: Question) -> Iterator[tuple[Place, Headers]]:
    """Where headers begin, and which."""
    wanted = Headers.of(question.version, question.protocol, **_targets(state, question)).limited(
        **question.fields
    )
    if INTERNET in question.source:
        outside = minus(ADDRESSES[question.version], PRIVATE if question.version == 4 else ())
        yield Place("internet"), wanted.limited(source=outside)
    for id in sorted(question.source - {INTERNET}):
        interface = state.get(NetworkInterface, id)
        if interface is not None:
            own = own_ranges(interface, question.version)
            headers = wanted.limited(source=own) if "source" not in question.fields else wanted
            yield Place("out", id), headers


def _targets(state: State, question: Question) -> dict[str, Ranges]:
    """The addresses by which the target is known."""
    if INTERNET in question.target:
        private = PRIVATE if question.version == 4 else ()
        return {"destination": minus(ADDRESSES[question.version], private)}
    found = [state.need(NetworkInterface, id) for id in sorted(question.target)]
    blocks = [own for interface in found for own in interface.own_addresses]
    blocks += [public for interface in found for public, _ in publics(state, interface)]
    return {"destination": of_blocks(blocks, question.version)}


def _ways_back(state: State, question: Question, there: Path) -> Iterator[Path]:
    """The ways of the answers to what has arrived, to whoever sent it."""
    walk = Walk(state, question.source, there.steps)
    sent = there.steps[0].entering if there.steps else there.arrived
    for place in _ends(there):
        for path in paths(walk, place, there.arrived.turned):
            if arrived := path.arrived.meet(sent.turned.boxes):
                yield path._replace(arrived=arrived)


def _ends(there: Path) -> Iterator[Place]:
    """Where answers begin: at the interface that was reached, or outside."""
    last = there.steps[-1].hop
    yield Place("out", last.id) if last.kind == "interface" else Place("internet")
