"""One question: do packets get from a source to a target, and their answers back; and if not, why not."""

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

    `nothing` says then why no path could be made by rules and routes alone. `left_out` is what was not looked
    at, for there was too much of it: what is found is right, and there might be more.
    """

    there: Path | None
    back: Path | None
    both_ways: bool
    nothing: tuple[Blocker, ...] = ()
    left_out: tuple[str, ...] = ()

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
    def doubt(self) -> str:
        """Why packets might get through all the same, as a sentence without its end; "" for no reason."""
        if self.reachable or not self.left_out:
            return ""
        return f"not looked at: {', '.join(self.left_out)}; a way might be there, or one that takes less"

    @property
    def weight(self) -> int:
        """What it takes to open it."""
        return sum(one.weight for one in self.blockers)


def ask(state: State, question: Question) -> Answer:
    """The answer with the least that must change; if nothing must, packets get through."""
    left_out = set[str]()
    found = _best(state, question, left_out) or _without_path(state, question)
    return found._replace(left_out=tuple(sorted(left_out)))


def _best(state: State, question: Question, left_out: set[str]) -> Answer | None:
    best: Answer | None = None
    for tried, there in enumerate(ways_there(state, question, left_out)):
        if best is not None and there.weight >= best.weight:
            break
        if tried == MOST_PATHS:
            left_out.add(f"more than {MOST_PATHS} ways there")
            break
        back = next(ways_back(state, question, there, left_out), None) if question.both_ways else None
        found = Answer(there, back, question.both_ways)
        if question.both_ways and back is None:
            continue
        if best is None or found.weight < best.weight:
            best = found
        if not best.blockers:
            break
    return best


def _without_path(state: State, question: Question) -> Answer:
    """The answer where nothing leads there, or nothing back: what blocks the way there, or is lacking."""
    there = next(ways_there(state, question), None)
    nothing = () if there and there.blockers else (lacking(state, question),)
    return Answer(there, None, question.both_ways, nothing)
