"""No journal at all, for a server that keeps no state."""

from collections.abc import Iterable, Iterator


class NoJournal:
    """Takes lines and lets them go."""

    def append(self, line: bytes) -> None:
        """Let a line go."""

    def lines(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Let the lines go."""

    def close(self) -> None:
        """Nothing to let go of."""
