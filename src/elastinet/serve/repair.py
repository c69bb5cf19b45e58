"""A look at a state that may be damaged, and its repair: what can be read stays, the original is kept."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from elastinet import folders
from elastinet.catalog.settings import Settings
from elastinet.fabric.desired import holding
from elastinet.model.change import decode, replay
from elastinet.model.state import State
from elastinet.store import SqliteJournal, worlds
from elastinet.store.salvage import Salvage

JOURNAL = "journal.sqlite"
KEPT = "before-repair"


@dataclass
class Findings:
    """The findings: damaged lines with reasons, faults of the file, of the rest as a region, of the disks."""

    lines: int = 0
    damaged: dict[int, str] = field(default_factory=dict)
    file: list[str] = field(default_factory=list)
    rest: str = ""
    disks: str = ""
    good: list[bytes] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """True if nothing is wrong."""
        return not (self.damaged or self.file or self.rest or self.disks)


def look(state: Path, settings: Settings) -> Findings:
    """Read all of a state's journal; raises JournalError if nothing of it can be read."""
    found, built = Findings(), State()
    with contextlib.closing(Salvage(state / JOURNAL)) as salvage:
        found.file = salvage.faults()
        for number, line, why in salvage.lines():
            found.lines = number
            try:
                if line is None:
                    found.damaged[number] = why
                    continue
                replay(built, decode(line))
                found.good.append(line)
            except Exception as error:
                found.damaged[number] = f"says nothing that is known here: {error}"
        found.disks = worlds.fault(state / "disks", salvage.world(), found.lines)
    try:
        holding.check(built, settings)
    except holding.NoNetwork as error:
        found.rest = f"what can be read does not hold together ({error})"
    return found


def mend(state: Path, found: Findings) -> Path:
    """Write a journal of what could be read, for the disks that are there; gives where the original is."""
    kept = _keep(state)
    fresh = state / f"{JOURNAL}.fresh"
    for path in _files(state, fresh.name):
        path.unlink()
    with contextlib.closing(SqliteJournal(fresh)) as journal:
        worlds.adopt(state / "disks", journal)
        journal.rewrite(found.good)
    for path in _files(state, JOURNAL):
        path.unlink()
    fresh.replace(state / JOURNAL)
    return kept


def _keep(state: Path) -> Path:
    """Copy a journal and all that belongs to it to a folder of their own."""
    kept = worlds.free_place(state, KEPT)
    folders.secure(kept)
    for path in _files(state, JOURNAL):
        shutil.copy2(path, kept)
    return kept


def _files(state: Path, name: str) -> Iterator[Path]:
    """A journal's file, and those that SQLite writes beside it."""
    return (path for tail in ("", "-wal", "-shm") if (path := state / f"{name}{tail}").exists())
