"""Pauses before something is tried again: each twice as long as the one before, until it succeeds."""

FIRST_SECONDS, LAST_SECONDS = 0.1, 10.0


class BackOff:
    """The pauses of several things, each known by its id."""

    def __init__(self, first_seconds: float = FIRST_SECONDS, last_seconds: float = LAST_SECONDS) -> None:
        self._first, self._last = first_seconds, last_seconds
        self._pauses: dict[str, float] = {}

    def failed(self, id: str) -> float:
        """Note a failure; the seconds to wait before the next attempt."""
        self._pauses[id] = min(self._pauses.get(id, self._first / 2) * 2, self._last)
        return self._pauses[id]

    def succeeded(self, id: str) -> None:
        """Begin with the shortest pause again, should it fail once more."""
        self._pauses.pop(id, None)
