"""What the engine asks of a journal: lines that stay, in order."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class JournalError(Exception):
    """The journal cannot be read or written; the message says what to do about it."""


class JournalFull(JournalError):
    """There is no room for a line; a line that ends or deletes something may still be written."""


class Mark(NamedTuple):
    """How far a journal has come: the world that it tells of, how often it was rewritten, its last line."""

    world: str
    epoch: int
    lines: int


class Journal(Protocol):
    """An ordered, durable list of lines (bytes)."""

    def append(self, line: bytes, *, urgent: bool = False) -> None:
        """Keep a line: once this returns, a crash of this process does not lose it.

        An urgent one may use the room that is kept for when there is no other.
        """

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them, at once or not at all."""

    def mark(self) -> Mark | None:
        """How far it has come; None for one that keeps nothing."""

    def sync(self) -> None:
        """See that a power cut does not lose what there is so far."""

    def warning(self) -> str:
        """What is wrong with it while it goes on, in a sentence; "" for nothing."""

    def close(self) -> None:
        """Let go of the journal's resources."""
