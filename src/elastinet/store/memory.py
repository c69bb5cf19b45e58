"""A journal that lasts as long as the process."""

from collections.abc import Iterable, Iterator

from elastinet.store.journal import Mark


class MemoryJournal:
    """Lines in a list."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []

    def append(self, line: bytes, *, urgent: bool = False) -> None:
        """Keep a line."""
        self._lines.append(line)

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""
        return iter(self._lines)

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them."""
        self._lines = list(lines)

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
