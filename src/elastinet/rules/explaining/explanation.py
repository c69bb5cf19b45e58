"""An answer in words: the way there and back, what blocks with what opens it, and what may mislead."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from elastinet.catalog.protocols import UDP
from elastinet.model.state import State
from elastinet.rules.explaining.command import Command
from elastinet.rules.explaining.commands import Commands
from elastinet.rules.explaining.hops import ToldHop, told_hop
from elastinet.rules.explaining.misleading import misleading
from elastinet.rules.explaining.packets import Outside, narrowed
from elastinet.rules.explaining.sentences import sentence
from elastinet.rules.ranges import PORTS, Ranges
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Blocker, Step


class ToldBlocker(NamedTuple):
    """A blocker, its sentence, and the commands that open it, if there are any."""

    blocker: Blocker
    sentence: str
    commands: tuple[Command, ...]


class ToldStep(NamedTuple):
    """A component of a way, and what blocks there."""

    hop: ToldHop
    blockers: tuple[ToldBlocker, ...]


class Explanation(NamedTuple):
    """An answer, what it says of one packet, and that in words."""

    answer: Answer
    there: tuple[ToldStep, ...]
    back: tuple[ToldStep, ...]
    blockers: tuple[ToldBlocker, ...]
    warnings: tuple[str, ...]
    packet: dict[str, Ranges]

    @property
    def commands(self) -> tuple[Command, ...]:
        """All that opens it, each command once, in the order of the way."""
        found = {command.text: command for one in self.blockers for command in one.commands}
        return tuple(found.values())

    @property
    def only_power(self) -> bool:
        """True if nothing else stands in the way than that something is not running."""
        return bool(self.blockers) and all(one.blocker.code == "BAD_STATE" for one in self.blockers)


def explain(state: State, question: Question, outside: Outside) -> Explanation:
    """The answer to a question, in words. Of UDP only the way there decides."""
    whole, warnings = ask(state, question), list[str]()
    if question.protocol == UDP and question.both_ways and not whole.reachable:
        question = replace(question, both_ways=False)
        lost, whole = whole, ask(state, question)
        if whole.reachable:
            warnings += _no_answers(state, question, lost)
    one = narrowed(state, question, whole, outside)
    answer = ask(state, one) if one.fields != question.fields else whole
    warnings += misleading(state, question, whole, answer)
    found = _told_blockers(state, answer, Headers.of(question.version, question.protocol))
    there, back = (_told_steps(state, way, found) for way in (answer.there, answer.back))
    blockers = tuple(found[blocker] for blocker in answer.blockers)
    return Explanation(whole, there, back, blockers, tuple(warnings), one.fields)


def reasons(state: State, question: Question, answer: Answer) -> list[str]:
    """What blocks, each as a sentence without its end."""
    refused = _refused(answer, Headers.of(question.version, question.protocol))
    return list(dict.fromkeys(sentence(state, blocker, headers) for blocker, headers in refused))


def ports_through(answer: Answer) -> Ranges:
    """The ports of the target that a way leads to, and back from."""
    if answer.back is not None:
        return answer.back.arrived.field("sport")
    return answer.there.arrived.field("dport") if answer.there else PORTS


def _no_answers(state: State, question: Question, lost: Answer) -> Iterator[str]:
    empty = Headers.of(question.version, question.protocol)
    for blocker, headers in _refused(lost, empty):
        yield f"answers would not come back: {sentence(state, blocker, headers)}"


def _refused(answer: Answer, empty: Headers) -> Iterator[tuple[Blocker, Headers]]:
    """The blockers, each with the headers that it refuses."""
    for step in _steps(answer):
        yield from ((blocker, step.entering) for blocker in step.blockers)
    yield from ((blocker, empty) for blocker in answer.nothing)


def _steps(answer: Answer) -> Iterator[Step]:
    for way in (answer.there, answer.back):
        yield from way.steps if way else ()


def _told_blockers(state: State, answer: Answer, empty: Headers) -> dict[Blocker, ToldBlocker]:
    """Each blocker once, with a command for each kind of headers that it refuses."""
    commands, found = Commands(state), dict[Blocker, ToldBlocker]()
    for blocker, headers in _refused(answer, empty):
        known = found.get(blocker) or ToldBlocker(blocker, sentence(state, blocker, headers), ())
        command = commands.of(blocker, headers)
        more = (command,) if command and command not in known.commands else ()
        found[blocker] = known._replace(commands=(*known.commands, *more))
    return found


def _told_steps(state: State, way: Path | None, found: dict[Blocker, ToldBlocker]) -> tuple[ToldStep, ...]:
    steps = way.steps if way else ()
    return tuple(
        ToldStep(told_hop(state, step), tuple(found[one] for one in step.blockers)) for step in steps
    )
