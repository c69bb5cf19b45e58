"""A guest's logs: its console, what its boot says, and its syslog; files that cannot grow without bound."""

import os
from pathlib import Path

from elastinet.fabric.kernel import files
from elastinet.fabric.kernel.loop import complain

LIMIT = 1 << 20
KEPT = 64 << 10
CONSOLE, SYSLOG = "console.log", "syslog"
"""The files' names, beside the guest's own: no link of the guest's leads from there."""


class Log:
    """A log of one disk."""

    def __init__(self, disk: Path, name: str) -> None:
        self._path = disk / name
        self._complaint = ""

    def write(self, data: bytes) -> None:
        """Add what was said; a disk that does not take it is complained of once."""
        try:
            self._add(data)
        except OSError as error:
            if self._complaint != str(error):
                self._complaint = str(error)
                complain(self._complaint)

    def hear(self, data: bytes) -> None:
        """Add what a guest says, for as long as its disk is there."""
        if data and self._path.parent.is_dir():
            self.write(data)

    def _add(self, data: bytes) -> None:
        """Keep what was said; beyond the limit only the end is kept."""
        try:
            size = files.append(self._path, data)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            size = files.append(self._path, data)
        if size <= LIMIT:
            return
        kept = self._path.read_bytes()[-KEPT:]
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(kept)
        os.replace(fresh, self._path)


class Console(Log):
    """The console log of one disk."""

    def __init__(self, disk: Path) -> None:
        super().__init__(disk, CONSOLE)

    def say(self, line: str) -> None:
        """Add a line of our own."""
        self.write(f"elastinet: {line}\n".encode())
