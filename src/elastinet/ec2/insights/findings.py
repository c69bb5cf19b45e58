"""What an analysis of a path finds, in a state as it is now."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from elastinet.catalog.settings import Outside
from elastinet.ec2.insights.asking import question_of
from elastinet.ec2.insights.components import Picture
from elastinet.ec2.insights.explanations import explanation
from elastinet.ec2.insights.resources import component, named_id, owner_of
from elastinet.model.ids import prefix_of
from elastinet.model.insights import AlternateHint, Explanation, InsightsPath, PathComponent
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.closed_outside import no_gateway_leads_to
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Blocker

FORWARDS = (
    "It is assumed that the instances of these network interfaces forward what is routed to them: {ids}."
)


class Finding(NamedTuple):
    """The result of an analysis; `accounts` are those that have a component of the path."""

    reachable: bool
    forward: tuple[PathComponent, ...] = ()
    back: tuple[PathComponent, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    hints: tuple[AlternateHint, ...] = ()
    warning: str = ""
    accounts: tuple[str, ...] = ()


def found(
    state: State,
    path: InsightsPath,
    through: frozenset[str] = frozenset(),
    closed: frozenset[str] = frozenset(),
    outside: Outside = "off",
) -> Finding:
    """Ask whether packets get through, with the server's way out, and say by what or why not."""
    question = question_of(state, path, through, closed, no_gateway_leads_to(outside)[4])
    if isinstance(question, Blocker):
        return Finding(False, explanations=(explanation(state, question),))
    answer = _narrowed(state, question, ask(state, question))
    begin, end = named_id(path.source), named_id(path.destination)
    forward, back = _components(state, answer, begin, end)
    return Finding(
        answer.reachable,
        forward,
        back,
        tuple(explanation(state, one) for one in answer.blockers),
        tuple(_hints(state, question, answer)),
        _warning(state, answer),
        tuple(dict.fromkeys(filter(None, (owner_of(state, one.component.id) for one in (*forward, *back))))),
    )


def _narrowed(state: State, question: Question, answer: Answer) -> Answer:
    """The same answer for packets whose answers come back: one box of them."""
    if not answer.reachable or answer.back is None:
        return answer
    box = answer.back.arrived.turned.boxes[0]
    again = ask(state, replace(question, fields=question.fields | box._asdict()))
    return again if again.reachable else answer


def _components(
    state: State, answer: Answer, begin: str, end: str
) -> tuple[tuple[PathComponent, ...], tuple[PathComponent, ...]]:
    begin, end = (id if prefix_of(id) == "i" else "" for id in (begin, end))
    if answer.there is None:
        return (), ()
    there = Picture(state, answer.there)
    forward = there.components(begin, end)
    if answer.back is None:
        return forward, ()
    return forward, Picture(state, answer.back, there.groups).components(end, begin)


def _between(path: Path | None) -> list[str]:
    """The NAT gateways and peering connections that a path goes by."""
    steps = path.steps if path else ()
    return list(dict.fromkeys(step.hop.id for step in steps if step.hop.kind in ("nat", "peering")))


def _hints(state: State, question: Question, answer: Answer) -> Iterator[AlternateHint]:
    """What other paths go by, where there are any without a component of this one."""
    own = _between(answer.there) if answer.reachable else []
    other = (ask(state, replace(question, closed=question.closed | {id})) for id in own)
    ids = (id for found in other if found.reachable for id in _between(found.there) if id not in own)
    for id in dict.fromkeys(ids):
        yield AlternateHint(id, component(state, id).arn)


def _warning(state: State, answer: Answer) -> str:
    ids = dict.fromkeys(id for way in (answer.there, answer.back) if way for id in middleboxes(state, way))
    forwards = FORWARDS.format(ids=", ".join(ids)) if ids else ""
    return " ".join(filter(None, (forwards, answer.doubt and f"{answer.doubt.capitalize()}.")))


def middleboxes(state: State, path: Path) -> Iterator[str]:
    """The interfaces of instances that a path goes into and out of."""
    for step in path.steps[:-1]:
        interface = state.get(NetworkInterface, step.hop.id)
        enters = (step.hop.kind, step.hop.direction) == ("interface", "ingress")
        if enters and interface and interface.interface_type != "natGateway":
            yield interface.id
