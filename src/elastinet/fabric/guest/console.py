"""A guest's console: what its boot says, kept in a file that cannot grow without bound."""

import os
from pathlib import Path

from elastinet.fabric.kernel.loop import complain

LIMIT = 1 << 20
KEPT = 64 << 10


class Console:
    """The console log of one disk."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "console.log"
        self._complaint = ""

    def say(self, line: str) -> None:
        """Add a line of our own."""
        self.write(f"elastinet: {line}\n".encode())

    def write(self, data: bytes) -> None:
        """Add what was said; a disk that does not take it is complained of once."""
        try:
            self._add(data)
        except OSError as error:
            if self._complaint != str(error):
                self._complaint = str(error)
                complain(self._complaint)

    def _add(self, data: bytes) -> None:
        """Keep what was said; beyond the limit only the end is kept."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(data)
            if file.tell() <= LIMIT:
                return
        kept = self._path.read_bytes()[-KEPT:]
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(kept)
        os.replace(fresh, self._path)
