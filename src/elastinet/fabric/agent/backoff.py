"""Pauses before something is tried again: each twice as long as the one before, until it succeeds."""

from collections.abc import Callable

from elastinet.fabric.kernel.loop import Loop

FIRST_SECONDS, LAST_SECONDS = 0.1, 10.0


class BackOff:
    """The keys of what rests after a failure, and the length of each one's next pause."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._pauses: dict[str, float] = {}
        self._resting: dict[str, int] = {}

    def failed(self, key: str, then: Callable[[], None]) -> None:
        """Note a failure, and go on after a pause: 0.1 s, 0.2 s, 0.4 s, … 10 s."""
        self._pauses[key] = min(self._pauses.get(key, FIRST_SECONDS / 2) * 2, LAST_SECONDS)
        self.rest(key, self._pauses[key], then)

    def rest(self, key: str, seconds: float, then: Callable[[], None]) -> None:
        """Go on after so many seconds; nothing is to be tried before."""
        self._resting[key] = self._resting.get(key, 0) + 1

        def over() -> None:
            self._resting[key] -= 1
            if not self._resting[key]:
                del self._resting[key]
            then()

        self._loop.later(seconds, over, key)

    def is_resting(self, key: str) -> bool:
        """True if it is not to be tried yet."""
        return key in self._resting

    def succeeded(self, key: str) -> None:
        """Begin with the shortest pause again, should it fail once more."""
        self._pauses.pop(key, None)
