"""One packet of an answer: the one that is told of, and that can be sent."""

from collections.abc import Iterator
from dataclasses import replace

from elastinet.catalog.protocols import TCP, UDP
from elastinet.model.state import State
from elastinet.rules.ranges import Ranges, holds, meet, of_block, only, size, version_of
from elastinet.rules.reachability.headers import Box
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.walk import INTERNET

EPHEMERAL: Ranges = ((32768, 60999),)
"""The ports that Linux sends from."""
USUAL_PORT = 80
"""What is sent to where it is one of those that are asked about."""
LISTENING: Ranges = ((1, 65535),)
"""The ports that somebody may listen on."""
FEW = 16
Outside = tuple[str, ...]
"""The addresses, of both versions, that stand for the internet where one has to."""


def narrowed(state: State, question: Question, answer: Answer, outside: Outside) -> Question:
    """The question about one packet of what was asked that gets through, or about the two addresses that
    take the least to open."""
    if answer.back is not None:
        fields = _chosen(question, _sent(answer.back.arrived.boxes), outside)
    else:
        fields = next(_tried(state, question, answer), {})
    if not answer.reachable:
        fields = {name: value for name, value in fields.items() if name in ("source", "destination")}
        fields = {name: value for name, value in fields.items() if not _is_outside(question, name)}
    source = question.source
    if "source" in fields and answer.there and INTERNET not in source:
        source = frozenset({answer.there.steps[0].hop.id})
    return replace(question, source=source, fields=question.fields | fields)


def _is_outside(question: Question, field: str) -> bool:
    """True if a field has the addresses of the internet, and none was asked for."""
    end = question.source if field == "source" else question.target
    return INTERNET in end and field not in question.fields


def _sent(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """What was sent, by what came back; ICMP is asked by its type, which answers have not."""
    return tuple(Box(box.destination, box.source, box.dport, box.sport) for box in boxes)


def _chosen(question: Question, boxes: tuple[Box, ...], outside: Outside) -> dict[str, Ranges]:
    """One value of each field: a usual one, if there is one."""
    own = (address for address in outside if version_of(address) == question.version)
    usual = [number for address in own for number, _ in of_block(address)]
    box = max(boxes, key=lambda box: any(_usual(box.source, usual)) + any(_usual(box.destination, usual)))
    fields = {name: only(_first(getattr(box, name), usual)) for name in ("source", "destination")}
    if question.protocol in (TCP, UDP):
        ports = meet(box.sport, EPHEMERAL) or box.sport
        fields |= {"sport": only(ports[0][0]), "dport": only(_port(box.dport))}
    return fields


def _port(ports: Ranges) -> int:
    return USUAL_PORT if holds(ports, USUAL_PORT) else (meet(ports, LISTENING) or ports)[0][0]


def _usual(ranges: Ranges, usual: list[int]) -> Iterator[int]:
    return (number for number in usual if holds(ranges, number))


def _first(ranges: Ranges, usual: list[int]) -> int:
    return next(_usual(ranges, usual), ranges[0][0])


def _tried(state: State, question: Question, answer: Answer) -> Iterator[dict[str, Ranges]]:
    """Addresses that take no more than the answer says, of a question without a way back."""
    sent = answer.there.steps[0].entering if answer.there and answer.there.steps else None
    for box in sent.boxes if sent else ():
        if size(box.source) > FEW or size(box.destination) > FEW:
            continue
        for number in (n for low, high in box.destination for n in range(low, high + 1)):
            fields = {"source": only(box.source[0][0]), "destination": only(number)}
            found = ask(state, replace(question, fields=question.fields | fields))
            if found.there is not None and found.weight <= answer.weight:
                yield fields
