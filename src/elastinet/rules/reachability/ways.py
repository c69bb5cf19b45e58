"""What is asked, and the ways that there are: from the source to the target, and for the answers back."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from elastinet.catalog.nat64 import embedded
from elastinet.catalog.protocols import TCP
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.rules.ranges import ADDRESSES, Ranges, minus, of_blocks
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.search import Path, paths
from elastinet.rules.reachability.steps import Place
from elastinet.rules.reachability.walk import INTERNET, PRIVATE, PRIVATE6, Walk, own_ranges, publics


@dataclass(frozen=True)
class Question:
    """From some interfaces, a peering connection, or the internet, to others: with packets of a protocol.

    `fields` are what its headers may have at the source, `arriving` at the target. `both_ways` asks for the
    answers, too: of TCP always. The internet is what is behind `gateway`, if there is one. Packets that leave
    for the internet on their way come back in if it `reflects`. They go by nothing of what is `closed`, and
    by all of `through` on their way there. What groups and lists say of them counts if they are `filtered`.
    Addresses that are `private` the internet does not have.
    """

    source: frozenset[str]
    target: frozenset[str]
    protocol: int = TCP
    version: int = 4
    fields: dict[str, Ranges] = field(default_factory=dict)
    arriving: dict[str, Ranges] = field(default_factory=dict)
    both_ways: bool = True
    gateway: str = ""
    reflects: bool = True
    closed: frozenset[str] = frozenset()
    through: frozenset[str] = frozenset()
    filtered: bool = True
    private: Ranges = PRIVATE
    private6: Ranges = PRIVATE6

    @property
    def internet(self) -> Ranges:
        """The addresses of the internet."""
        return minus(ADDRESSES[self.version], self.private if self.version == 4 else self.private6)

    def walk(
        self,
        state: State,
        target: frozenset[str],
        left_out: set[str] | None = None,
        there: Path | None = None,
    ) -> Walk:
        """A walk to a target, or of the answers to what went a way there."""
        passed, through = (there.steps, frozenset[str]()) if there else ((), self.through)
        rules = (self.gateway, self.reflects, self.closed, through, self.filtered, self.private)
        return Walk(state, target, passed, *rules, left_out=set() if left_out is None else left_out)


def ways_there(state: State, question: Question, left_out: set[str] | None = None) -> Iterator[Path]:
    """The ways from the source to the target, those that take the least first; and what is not looked at."""
    walk = question.walk(state, question.target, left_out)
    for place, headers in starts(state, question):
        for path in paths(walk, place, headers):
            if arrived := path.arrived.limited(**question.arriving):
                yield path._replace(arrived=arrived)


def starts(state: State, question: Question) -> Iterator[tuple[Place, Headers]]:
    """Where headers begin, and which."""
    wanted = Headers.of(question.version, question.protocol, **_targets(state, question)).limited(
        **question.fields
    )
    if INTERNET in question.source:
        yield Place("internet"), wanted.limited(source=question.internet)
    for id in sorted(question.source - {INTERNET}):
        interface, peering = state.get(NetworkInterface, id), state.get(Peering, id)
        if interface is not None:
            own = own_ranges(interface, question.version)
            headers = wanted.limited(source=own) if "source" not in question.fields else wanted
            yield Place("out", id), headers
        for side in (peering.requester, peering.accepter) if peering else ():
            far = of_blocks((*side.cidrs, *side.cidrs6), question.version)
            yield Place("over", id, side.vpc_id), wanted.limited(source=far)


def _targets(state: State, question: Question) -> dict[str, Ranges]:
    """The addresses by which the target is known."""
    if INTERNET in question.target:
        return {"destination": question.internet}
    found = [state.get(NetworkInterface, id) for id in sorted(question.target)]
    interfaces = [interface for interface in found if interface]
    blocks = [own for interface in interfaces for own in interface.own_addresses]
    blocks += [public for interface in interfaces for public, _ in publics(state, interface)]
    if question.version == 6:
        old = (interface for interface in interfaces if not interface.addresses6)
        blocks += [embedded(own) for interface in old for own in _known_in_ipv4(state, interface)]
    peerings = filter(None, (state.get(Peering, id) for id in question.target))
    sides = [side for peering in peerings for side in (peering.requester, peering.accepter)]
    blocks += [block for side in sides for block in (*side.cidrs, *side.cidrs6)]
    return {"destination": of_blocks(blocks, question.version)}


def _known_in_ipv4(state: State, interface: NetworkInterface) -> Iterator[str]:
    yield from interface.addresses
    yield from (public for public, _ in publics(state, interface))


def ways_back(
    state: State, question: Question, there: Path, left_out: set[str] | None = None
) -> Iterator[Path]:
    """The ways of the answers to what has arrived, to whoever sent it."""
    walk = question.walk(state, question.source, left_out, there)
    sent = there.steps[0].entering if there.steps else there.arrived
    for place in _ends(state, there):
        for path in paths(walk, place, there.arrived.turned):
            if arrived := path.arrived.meet(sent.turned.boxes):
                yield path._replace(arrived=arrived)


def _ends(state: State, there: Path) -> Iterator[Place]:
    """Where answers begin: at the interface or the peering connection that was reached, or outside."""
    last = there.steps[-1].hop
    if last.kind == "interface":
        yield Place("out", last.id)
    elif last.kind == "peering":
        peering = state.need(Peering, last.id)
        for side in (peering.requester, peering.accepter):
            yield Place("over", last.id, side.vpc_id)
    else:
        yield Place("internet")
