"""A journal in an SQLite file."""

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from elastinet.store.journal import JournalError, Mark

P = ParamSpec("P")
R = TypeVar("R")

FORMAT = 1
MARK = "SELECT id, epoch, (SELECT coalesce(max(seq), 0) FROM journal) FROM world"


class SqliteJournal:
    """Lines in one table; written ahead, so that a killed process loses nothing it acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = self._attempt(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
        self._attempt(self._prepare)

    def _prepare(self) -> None:
        # WAL with synchronous=NORMAL: a commit reaches the kernel's page cache before it is
        # acknowledged, which a kill -9 cannot undo; only a power cut could.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise JournalError(f"{self._path} was written by another elastinet (format {version}).")
        self._db.execute(f"PRAGMA user_version={FORMAT}")
        self._db.execute("CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS world (id TEXT NOT NULL, epoch INTEGER NOT NULL)")
        if self._db.execute("SELECT count(*) FROM world").fetchone() == (0,):
            self._db.execute("INSERT INTO world VALUES (?, 0)", (secrets.token_hex(16),))
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # whose world it is stays, whatever is lost

    def _attempt(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except sqlite3.Error as error:
            raise JournalError(
                f"{self._path}: {error}. Free some space or choose another --state."
            ) from error

    def append(self, line: bytes) -> None:
        """Keep a line; raises JournalError when it cannot."""
        self._attempt(self._db.execute, "INSERT INTO journal (line) VALUES (?)", (line,))

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""
        rows = self._attempt(self._db.execute, "SELECT line FROM journal ORDER BY seq")
        return (line for (line,) in rows)

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them, in one transaction."""
        self._attempt(self._rewrite, lines)

    def _rewrite(self, lines: Iterable[bytes]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM journal")
            self._db.execute("UPDATE world SET epoch = epoch + 1")
            self._db.executemany("INSERT INTO journal (line) VALUES (?)", ((line,) for line in lines))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def mark(self) -> Mark | None:
        """The world's id, and how far the lines have come."""
        found = self._attempt(self._db.execute, MARK).fetchone()
        return Mark(*found)

    def sync(self) -> None:
        """Write the file itself as far as it can be now."""
        self._attempt(self._db.execute, "PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        """Close the file; the last connection's end moves what was written ahead into it."""
        self._db.close()
