"""The protocol of a journal: an ordered, durable list of lines."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol


class JournalError(Exception):
    """The journal cannot be read or written; the message says what to do about it."""


class JournalFull(JournalError):
    """There is no room for a line; a line that ends or deletes something may still be written."""


class Mark(NamedTuple):
    """A journal's position: its world's id, the number of times it was rewritten, its number of lines."""

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
        """The position; None for a journal that keeps nothing."""

    def sync(self) -> None:
        """See that a power cut does not lose what there is so far."""

    def warning(self) -> str:
        """The fault with which the journal goes on, as a sentence; "" if there is none."""

    def close(self) -> None:
        """Let go of the journal's resources."""
