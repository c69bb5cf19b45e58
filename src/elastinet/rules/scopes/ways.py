"""The ways between two ends that a scope matches and does not exclude, with the headers that are left."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from elastinet.model.ids import prefix_of
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.ranges import Ranges, meet
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.search import Path, paths
from elastinet.rules.reachability.walk import INTERNET, PRIVATE, own_ranges
from elastinet.rules.reachability.ways import Question, starts
from elastinet.rules.scopes.statements import ScopePath, boxes


def question(
    state: State, source: str, target: str, match: ScopePath, protocol: int, private: Ranges = PRIVATE
) -> Question:
    """What a match asks of two of its ends."""
    gateways = [id for id in (source, target) if prefix_of(id) == "igw"]
    fields = dict(match.source.fields)
    interface = state.get(NetworkInterface, source)
    if interface is not None and "source" in fields:
        fields["source"] = meet(own_ranges(interface, 4), fields["source"])
    return Question(
        _end(source),
        _end(target),
        protocol,
        fields=fields,
        arriving=dict(match.destination.fields),
        both_ways=False,
        gateway="".join(gateways),
        reflects=False,
        private=private,
    )


def _end(id: str) -> frozenset[str]:
    return frozenset((INTERNET if prefix_of(id) == "igw" else id,))


def ways(
    state: State,
    source: str,
    target: str,
    match: ScopePath,
    exclusions: Sequence[ScopePath],
    protocol: int,
    left_out: set[str],
    private: Ranges = PRIVATE,
) -> Iterator[Path]:
    """The ways of what a match asks for and no exclusion takes away, with what arrives.

    What is too much to look at is `left_out`.
    """
    asked = question(state, source, target, match, protocol, private)
    cuts = [one for one in exclusions if one.of(protocol) and one.joins(source, target)]
    walk = replace(asked.walk(state, asked.target, left_out), only_open=True)
    for place, headers in starts(state, asked):
        for piece, applied in _pieces(headers, cuts):
            for path in paths(walk, place, piece) if piece else ():
                if arrived := _left(path, asked.arriving, applied):
                    yield path._replace(arrived=arrived)


def _pieces(headers: Headers, cuts: Sequence[ScopePath]) -> Iterator[tuple[Headers, list[ScopePath]]]:
    """The headers at the source, apart by the exclusions that speak of them there."""
    pieces: list[tuple[Headers, list[ScopePath]]] = [(headers, [])]
    for cut in cuts:
        at = boxes(headers.version, headers.protocol, cut.source.fields)
        parts = [
            part for piece, own in pieces for part in ((piece.minus(at), own), (piece.meet(at), [*own, cut]))
        ]
        pieces = [(piece, own) for piece, own in parts if piece]
    yield from pieces


def _left(path: Path, arriving: dict[str, Ranges], cuts: list[ScopePath]) -> Headers:
    passed, left = {step.hop.id for step in path.steps}, path.arrived.limited(**arriving)
    for cut in cuts:
        if all(passed & some for some in cut.through):
            left = left.minus(boxes(left.version, left.protocol, cut.destination.fields))
    return left
