"""What is said of a dump: what could not be read, what lacks, and what was taken in its place."""

from typing import NamedTuple

LONGEST = 120


class DumpError(Exception):
    """A dump that cannot be read at all; the sentence says why."""


class Finding(NamedTuple):
    """A fact about a dump that weakens an answer from it; `file` is inside the dump, "" for all of it."""

    file: str
    reason: str

    def __str__(self) -> str:
        """A line for whoever asked, fit for a terminal whatever a dump has in it."""
        return _printable(f"{self.file}: {self.reason}" if self.file else self.reason)


def shown(text: object) -> str:
    """Somebody else's text, short and fit for a terminal."""
    found = str(text)
    return _printable(found if len(found) <= LONGEST else found[: LONGEST - 1] + "…")


def _printable(text: str) -> str:
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )
