"""Two states of one account, and the commands that make of the first what the second is."""

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from elastinet.model.instance import Instance
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.rules.explaining.command import Command

N = TypeVar("N", bound=Noun)


class Step(NamedTuple):
    """A command, with the id in the second state of what it makes, or what no command is made for.

    `owner` is the account whose credentials it takes.
    """

    command: Command | None = None
    makes: str = ""
    says: str = ""
    owner: str = ""


Steps = Iterator[Step]


def do(noun: Noun, operation: str, **params: Any) -> Step:
    """An operation where a noun is."""
    return Step(Command(operation, params, noun.region), owner=noun.owner)


def make(noun: Noun, take: str, operation: str, **params: Any) -> Step:
    """An operation that makes a noun, or finds it; `take` is its id's place in the answer."""
    return Step(Command(operation, params, noun.region, take), makes=noun.id, owner=noun.owner)


def say(sentence: str) -> Step:
    """What no command is made for."""
    return Step(says=sentence)


class Both(NamedTuple):
    """The account as it was, and as it is to be."""

    before: State
    after: State

    def made(self, kind: type[N]) -> Iterator[N]:
        """What is there only now."""
        return (one for one in self.after.all(kind) if self.is_new(kind, one.id))

    def gone(self, kind: type[N]) -> Iterator[N]:
        """What is no longer there."""
        there = (one for one in self.before.all(kind) if is_there(one))
        return (one for one in there if self.is_gone(kind, one.id))

    def kept(self, kind: type[N]) -> Iterator[tuple[N, N]]:
        """What is otherwise than it was, as it was and as it is."""
        for new in self.after.all(kind):
            old = self.before.get(kind, new.id)
            if old is not None and old != new and is_there(old) and is_there(new):
                yield old, new

    def is_new(self, kind: type[Noun], id: str) -> bool:
        """True if something is there only now."""
        old, new = self.before.get(kind, id), self.after.get(kind, id)
        return new is not None and is_there(new) and (old is None or not is_there(old))

    def is_gone(self, kind: type[Noun], id: str) -> bool:
        """True if something is no longer there."""
        new = self.after.get(kind, id)
        return self.before.get(kind, id) is not None and (new is None or not is_there(new))


def is_there(noun: Noun) -> bool:
    """True if a noun is more than the memory of one."""
    match noun:
        case Instance():
            return noun.state not in ("shutting-down", "terminated")
        case NatGateway():
            return noun.alive
        case Peering():
            return noun.open
    return True
