"""What the engine asks of a journal: lines that stay, in order."""

from collections.abc import Iterable, Iterator
from typing import Protocol


class JournalError(Exception):
    """The journal cannot be read or written; the message says what to do about it."""


class Journal(Protocol):
    """An ordered, durable list of lines (bytes)."""

    def append(self, line: bytes) -> None:
        """Keep a line: once this returns, a crash of this process does not lose it."""

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them, at once or not at all."""

    def close(self) -> None:
        """Let go of the journal's resources."""
