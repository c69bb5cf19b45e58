"""No journal at all, for a server that keeps no state."""

from collections.abc import Iterable, Iterator

from elastinet.store.journal import Mark


class NoJournal:
    """Takes lines and lets them go."""

    def append(self, line: bytes, *, urgent: bool = False) -> None:
        """Let a line go."""

    def lines(self) -> Iterator[bytes]:
        """Nothing."""
        return iter(())

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Let the lines go."""

    def mark(self) -> Mark | None:
        """None: nothing outlives the process."""
        return None

    def sync(self) -> None:
        """Nothing outlives the process."""

    def warning(self) -> str:
        """Nothing is ever wrong."""
        return ""

    def close(self) -> None:
        """Nothing to let go of."""
