"""The readable lines of a damaged SQLite journal; the file is opened for reading only."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from elastinet.store.journal import JournalError
from elastinet.store.sqlite import FORMAT

BEYOND = 100_000
"""Number of lines to try after the last one that was found, if the number of lines cannot be read."""
MISSING, BROKEN = "is missing", "cannot be read: {}"


class Read(NamedTuple):
    """A line by its number: what is in it, or why that cannot be read."""

    number: int
    line: bytes | None
    why: str = ""


class Salvage:
    """A journal's file, opened for reading only; raises JournalError if it is no such file at all."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise JournalError(f"there is no journal {path}")
        self._db = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            self._db.close()
            raise JournalError(
                f"{path}: {error}: nothing of it can be read: put a copy of it back if there is one"
            ) from error
        if version not in (0, FORMAT):
            self._db.close()
            raise JournalError(f"{path} was written by another elastinet (format {version}): use that one")

    def lines(self) -> Iterator[Read]:
        """Every line that there should be, in order."""
        found = self._last()
        last = found if found is not None else BEYOND
        number = 0
        while number < last:
            number += 1
            read = self._read(number)
            if found is None and read.line is not None:
                last = max(last, number + BEYOND)
            if found is not None or read.line is not None:
                yield read

    def _last(self) -> int | None:
        """The last line's number; None if that cannot be read."""
        with contextlib.suppress(sqlite3.Error):
            return int(self._db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()[0])
        return None

    def _read(self, number: int) -> Read:
        try:
            row = self._db.execute(
                "SELECT CAST(line AS BLOB) FROM journal WHERE seq = ?", (number,)
            ).fetchone()
        except sqlite3.Error as error:
            return Read(number, None, BROKEN.format(error))
        if row is None:
            return Read(number, None, MISSING)
        return (
            Read(number, row[0])
            if isinstance(row[0], bytes)
            else Read(number, None, BROKEN.format("no bytes"))
        )

    def world(self) -> tuple[str, int] | None:
        """The world's id and how often the journal was rewritten, if they can be read."""
        with contextlib.suppress(sqlite3.Error):
            found = self._db.execute("SELECT id, epoch FROM world").fetchone()
            return (str(found[0]), int(found[1])) if found else None
        return None

    def faults(self) -> list[str]:
        """The faults of the file by SQLite's own integrity check."""
        try:
            told = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(10)")]
        except sqlite3.Error as error:
            return [str(error)]
        return [] if told == ["ok"] else told

    def close(self) -> None:
        """Close the file."""
        self._db.close()
