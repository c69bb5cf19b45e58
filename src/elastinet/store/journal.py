"""What the engine asks of a journal: lines that stay, in order."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class JournalError(Exception):
    """The journal cannot be read or written; the message says what to do about it."""


class Mark(NamedTuple):
    """How far a journal has come: the world that it tells of, how often it was rewritten, its last line."""

    world: str
    epoch: int
    lines: int


class Journal(Protocol):
    """An ordered, durable list of lines (bytes)."""

    def append(self, line: bytes) -> None:
        """Keep a line: once this returns, a crash of this process does not lose it."""

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them, at once or not at all."""

    def mark(self) -> Mark | None:
        """How far it has come; None for one that keeps nothing."""

    def sync(self) -> None:
        """See that a power cut does not lose what there is so far."""

    def close(self) -> None:
        """Let go of the journal's resources."""
