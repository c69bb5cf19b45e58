"""One question: do packets get from a source to a target, and their answers back; and if not, why not."""

from itertools import islice
from typing import NamedTuple

from elastinet.model.state import State
from elastinet.rules.reachability.lacking import lacking
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Blocker
from elastinet.rules.reachability.ways import Question, ways_back, ways_there

__all__ = ["Answer", "Question", "ask"]

MOST_PATHS = 32
"""So many ways there are tried for one whose answers come back."""


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
    for there in islice(ways_there(state, question), MOST_PATHS):
        if best is not None and there.weight >= best.weight:
            break
        back = next(ways_back(state, question, there), None) if question.both_ways else None
        found = Answer(there, back, question.both_ways)
        if question.both_ways and back is None:
            continue
        if best is None or found.weight < best.weight:
            best = found
        if not best.blockers:
            break
    return best or _without_path(state, question)


def _without_path(state: State, question: Question) -> Answer:
    """The answer where nothing leads there, or nothing back: what blocks the way there, or is lacking."""
    there = next(ways_there(state, question), None)
    nothing = () if there and there.blockers else (lacking(state, question),)
    return Answer(there, None, question.both_ways, nothing)
