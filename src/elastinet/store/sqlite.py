"""A journal in an SQLite file."""

import errno
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

from elastinet.store.journal import JournalError, JournalFull, Mark
from elastinet.store.reserve import Reserve

P = ParamSpec("P")
R = TypeVar("R")

FORMAT = 1
MARK = "SELECT id, epoch, (SELECT coalesce(max(seq), 0) FROM journal) FROM world"
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL = "the disk is full: free some space. Until then only what ends or deletes something is done"
DAMAGED = "it is damaged: 'elastinet state check' says where, 'elastinet state repair' keeps what can be read"
ADVICE = {
    sqlite3.SQLITE_FULL: "free some space on its disk",
    sqlite3.SQLITE_IOERR: "free some space on its disk if it is full; if not, the kernel's log may say more",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_READONLY: "see that this user may write to it and to its folder",
    sqlite3.SQLITE_PERM: "see that this user may write to it and to its folder",
    sqlite3.SQLITE_CANTOPEN: "see that this user may write to its folder, or choose another --state",
    sqlite3.SQLITE_BUSY: "another program has it open: end that one",
    sqlite3.SQLITE_LOCKED: "another program has it open: end that one",
}
"""Advice to the user by SQLite's primary result code."""
ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""SQLite's result codes for a full disk; the second is also a broken disk's."""


class SqliteJournal:
    """Lines in one table; written ahead, so that a killed process loses nothing it acknowledged."""

    def __init__(self, path: Path) -> None:
        self._path, self._is_full = path, False
        self._reserve = Reserve(path.with_name("journal.reserve")) if path.parent.is_dir() else None
        self._db = self._attempt(sqlite3.connect, path, isolation_level=None, check_same_thread=False)
        try:
            self._with_room(self._prepare)
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        # WAL with synchronous=NORMAL: a commit reaches the kernel's page cache before it is
        # acknowledged, which a kill -9 cannot undo; only a power cut could.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version not in (0, FORMAT):
            raise JournalError(
                f"{self._path} was written by another elastinet (format {version}, this one has {FORMAT}): "
                f"start that one, or choose another --state"
            )
        if not version:  # who has it already needs no room for it
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
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> JournalError:
        """The exception for an SQLite error, with advice."""
        code = primary(error)
        kind = JournalFull if code == sqlite3.SQLITE_FULL else JournalError
        return kind(f"{self._path}: {error}: {ADVICE.get(code, DAMAGED)}")

    def _with_room(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do something, with the room that is kept if there is no other."""
        while True:
            try:
                return call(*args, **kwargs)
            except sqlite3.Error as error:
                if primary(error) not in ROOM or self._reserve is None or not self._reserve.release():
                    raise self._fault(error) from error

    def append(self, line: bytes, *, urgent: bool = False) -> None:
        """Keep a line; raises JournalError when it cannot."""
        if urgent:
            self._with_room(self._insert, line)
            return
        if self._reserve and not self._reserve.is_whole and not self._reserve.restore():
            raise self._without_reserve()
        try:
            self._attempt(self._insert, line)
        except JournalFull:
            self._is_full = True
            raise
        self._is_full = False

    def _insert(self, line: bytes) -> None:
        self._db.execute("INSERT INTO journal (line) VALUES (?)", (line,))

    def lines(self) -> Iterator[bytes]:
        """All lines, oldest first."""
        rows = self._attempt(self._db.execute, "SELECT CAST(line AS BLOB) FROM journal ORDER BY seq")
        while row := self._attempt(rows.fetchone):
            yield row[0]

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Put other lines in the place of all of them, in one transaction."""
        self._with_room(self._rewrite, list(lines))

    def _rewrite(self, lines: list[bytes]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM journal")
            self._db.execute("UPDATE world SET epoch = epoch + 1")
            self._db.executemany("INSERT INTO journal (line) VALUES (?)", ((line,) for line in lines))
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # SQLite has undone it by itself, if it had no room
                self._db.execute("ROLLBACK")
            raise

    def mark(self) -> Mark | None:
        """The world's id, and how far the lines have come."""
        found = self._attempt(self._db.execute, MARK).fetchone()
        return Mark(*found)

    def sync(self) -> None:
        """Write the file itself as far as it can be now."""
        self._attempt(self._db.execute, "PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def warning(self) -> str:
        """A sentence that the disk is full, until the reserve has its full size again; "" then."""
        has_room = self._reserve is None or (self._reserve.restore() and not self._is_full)
        return "" if has_room else str(self._without_reserve())

    def _without_reserve(self) -> JournalError:
        """The exception while the reserve is not whole: JournalFull only if the disk is full."""
        why = self._reserve.why if self._reserve else None
        if why is None or why.errno in FULL_DISK:
            return JournalFull(f"{self._path}: {FULL}")
        return JournalError(f"{why.filename or self._path}: {why.strerror}")

    def close(self) -> None:
        """Close the file; the last connection's end moves what was written ahead into it."""
        self._db.close()


def primary(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
