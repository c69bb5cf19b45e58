"""L2: the journal that makes a state durable."""

from pathlib import Path

from elastinet.store.journal import Journal, JournalError, JournalFull, Mark
from elastinet.store.memory import MemoryJournal
from elastinet.store.nothing import NoJournal
from elastinet.store.sqlite import SqliteJournal

__all__ = [
    "Journal",
    "JournalError",
    "JournalFull",
    "Mark",
    "MemoryJournal",
    "NoJournal",
    "SqliteJournal",
    "open_journal",
]


def open_journal(folder: Path | None) -> Journal:
    """The journal kept in a folder, or none where nothing is kept; raises JournalError."""
    return NoJournal() if folder is None else SqliteJournal(folder / "journal.sqlite")
