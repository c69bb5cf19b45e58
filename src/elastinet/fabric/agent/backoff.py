"""Pauses before something is tried again: each twice as long as the one before, until it succeeds."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from elastinet.fabric.kernel.loop import GuestConcern, Loop, NamespaceConcern

FIRST_SECONDS, LAST_SECONDS = 0.1, 10.0


class Attempt(NamedTuple):
    """What may fail and is tried again: a guest's boot, a namespace's opening, the work in it."""

    what: Literal["boot", "opening", "work"]
    about: GuestConcern | NamespaceConcern


def boot_of(guest: str) -> Attempt:
    """The start of a guest."""
    return Attempt("boot", GuestConcern(guest))


def opening_of(namespace: str) -> Attempt:
    """The making of a namespace."""
    return Attempt("opening", NamespaceConcern(namespace))


def work_in(namespace: str) -> Attempt:
    """What is to be done in a namespace."""
    return Attempt("work", NamespaceConcern(namespace))


class BackOff:
    """The attempts that rest after a failure, and the length of each one's next pause."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._pauses: dict[Attempt, float] = {}
        self._resting: dict[Attempt, int] = {}

    def failed(self, attempt: Attempt, then: Callable[[], None]) -> None:
        """Note a failure, and go on after a pause: 0.1 s, 0.2 s, 0.4 s, … 10 s."""
        self._pauses[attempt] = min(self._pauses.get(attempt, FIRST_SECONDS / 2) * 2, LAST_SECONDS)
        self.rest(attempt, self._pauses[attempt], then)

    def rest(self, attempt: Attempt, seconds: float, then: Callable[[], None]) -> None:
        """Go on after so many seconds; nothing is to be tried before."""
        self._resting[attempt] = self._resting.get(attempt, 0) + 1

        def over() -> None:
            self._resting[attempt] -= 1
            if not self._resting[attempt]:
                del self._resting[attempt]
            then()

        self._loop.later(seconds, over, attempt.about)

    def is_resting(self, attempt: Attempt) -> bool:
        """True if it is not to be tried yet."""
        return attempt in self._resting

    def succeeded(self, attempt: Attempt) -> None:
        """Begin with the shortest pause again, should it fail once more."""
        self._pauses.pop(attempt, None)
