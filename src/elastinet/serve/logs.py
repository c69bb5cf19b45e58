"""The server's log: what its processes say, limited by kind, in a file that cannot grow without bound.

Guests and clients can have lines written, so none of them may fill a disk, hide what others say, or speak to
the terminal on which the log is read.
"""

import os
import re
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

NAME = "log"
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
ROTATE_AT, KEPT = 1 << 20, 3
LONGEST = 2000
KIND_BURST, KIND_PER_SECOND = 20.0, 0.2
ALL_BURST, ALL_PER_SECOND = 400.0, 10.0
MOST_KINDS = 200
TELL_SECONDS = 10.0
VARIES = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*")
"""The parts in which lines of one kind differ: times, ids, addresses, counts."""


class LineBudget:
    """Tokens that come back with time."""

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._tokens, self._at = burst, now

    def take(self, now: float) -> bool:
        """Take one, if there is one."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Limiter:
    """Lets lines through, some of each kind and some of all; what it holds back it counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = clock()
        self._all = LineBudget(ALL_BURST, ALL_PER_SECOND, self._told)
        self._kinds: dict[str, LineBudget] = {}
        self._more: Counter[str] = Counter()
        self._last: dict[str, str] = {}

    def admit(self, line: str) -> bool:
        """True if a line is to be written; else it is counted as held back."""
        now, kind = self._clock(), VARIES.sub("#", line)
        if kind not in self._kinds and len(self._kinds) >= MOST_KINDS:
            kind = ""
        bucket = self._kinds.setdefault(kind, LineBudget(KIND_BURST, KIND_PER_SECOND, now))
        if bucket.take(now) and self._all.take(now):
            return True
        self._more[kind] += 1
        self._last[kind] = line
        return False

    def held_back(self, *, at_once: bool = False) -> Iterator[str]:
        """Every few seconds, or at once: how many lines of which kinds were held back since the last time."""
        if not at_once and self._clock() - self._told < TELL_SECONDS:
            return
        self._told = self._clock()
        shown = self._more.most_common(KEPT)
        yield from (f"elastinet: {count} more like this: {self._last[kind]}" for kind, count in shown)
        if rest := self._more.total() - sum(count for _, count in shown):
            yield f"elastinet: {rest} more lines of other kinds"
        self._more.clear()
        self._last.clear()
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()


class File:
    """A file that only its owner reads, rotated by size; what cannot be written is lost."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, line: str) -> None:
        """Add a line."""
        data = line.encode() + b"\n"
        try:
            fd = os.open(self._path, APPEND, 0o600)
            try:
                os.write(fd, data)
                full = os.fstat(fd).st_size >= ROTATE_AT
            finally:
                os.close(fd)
            if full:
                self._rotate()
        except OSError:
            return  # there is nowhere to say so

    def _rotate(self) -> None:
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, KEPT))]
        for newer, older in reversed(list(pairwise(names))):
            if newer.exists():
                newer.replace(older)


class Keeper:
    """The thread that writes what all processes of a server say into a pipe."""

    def __init__(self, path: Path, terminal: int | None = None) -> None:
        """With a terminal, a descriptor, what is written goes there, too."""
        self._file, self._limiter, self._terminal = File(path), Limiter(), terminal
        self._out, self.pipe = os.pipe()
        self._rest = b""
        self._ending = False
        self._thread = threading.Thread(target=self._keep, name="log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is still in the pipe, and end."""
        self._ending = True
        os.close(self.pipe)
        self._thread.join(TELL_SECONDS)

    def _keep(self) -> None:
        while self._hear():
            for line in self._limiter.held_back():
                self._write(line)
        for line in (
            *([printable(self._rest)] if self._rest else []),
            *self._limiter.held_back(at_once=True),
        ):
            self._write(line)

    def _write(self, line: str) -> None:
        self._file.write(line)
        if self._terminal is not None:
            with suppress(OSError):  # it may be closed: the file has the line
                os.write(self._terminal, line.encode() + b"\n")

    def _hear(self) -> bool:
        """Take what has come; false when no more will."""
        if not select.select([self._out], [], [], 0.0 if self._ending else 1.0)[0]:
            return not self._ending  # somebody may hold the other end for ever
        data = os.read(self._out, 1 << 16)
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[:LONGEST]
        for line in map(printable, lines):
            if self._limiter.admit(line):
                self._write(line)
        return bool(data)


def printable(line: bytes) -> str:
    """A line as it is kept: no longer than some, with nothing in it that a terminal would obey."""
    text = line[:LONGEST].decode(errors="backslashreplace")
    return "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode() for c in text)


def path_of(state: Path | None, run: Path) -> Path:
    """The path of a server's log: in its state's folder, or with its runtime files if it keeps no state."""
    return (state or run) / NAME
