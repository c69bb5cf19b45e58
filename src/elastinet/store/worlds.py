"""A check that a journal and a folder of disks belong together: each has the mark of the same world.

Disks outlive a journal that is lost, or put back from an old copy; who then began anew would delete them.
"""

import logging
import os
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path

import msgspec

from elastinet.folders import write_private
from elastinet.store import Journal, JournalError, Mark

MARK = ".world"
UNKNOWN = ".unknown"
DISK = "i-"

log = logging.getLogger(__name__)


def check(journal: Journal, disks: Path) -> None:
    """Refuse a journal that is younger than its disks, or another world's; raises JournalError."""
    mark, seen = journal.mark(), _seen(disks)
    if mark is not None and (found := names(disks)) and (why := _mismatch(mark, seen)):
        raise JournalError(
            f"the journal {why}, and {disks} has {len(found)} disks: put journal.sqlite back with its "
            f"journal.sqlite-wal, or go on with what it has by 'elastinet state repair': it deletes no disk"
        )
    note(journal, disks)


def fault(disks: Path, world: tuple[str, int] | None, lines: int) -> str:
    """The reason why `check` would refuse the disks, as a sentence; "" if it would not."""
    if world is None or not names(disks):
        return ""
    why = _mismatch(Mark(*world, lines), _seen(disks))
    return f"the journal {why}, and {disks} has disks" if why else ""


def _mismatch(mark: Mark, seen: Mark | None) -> str:
    """The reason why a journal is not that of its disks, or older than they saw it; "" if it is theirs."""
    if seen is not None and seen.world != mark.world:
        return "is another world's"
    if seen is None:
        return "" if mark.lines else "is empty"
    if (mark.epoch, mark.lines) < (seen.epoch, seen.lines):
        return "has lost its end"
    return "is empty" if (mark.epoch, mark.lines) == (seen.epoch, 0) else ""


def note(journal: Journal, disks: Path) -> None:
    """Have the disks remember how far the journal has come; what cannot be written is said."""
    mark = journal.mark()
    if mark is None or mark == _seen(disks):
        return
    try:
        journal.sync()  # the disks must never remember more than the journal does
        disks.mkdir(parents=True, exist_ok=True)
        write_private(disks / MARK, msgspec.json.encode(mark))
    except (OSError, JournalError) as error:
        log.warning("%s: %s", disks / MARK, error)


def adopt(disks: Path, journal: Journal) -> None:
    """Have disks belong to a journal that is about to be rewritten, whatever they have seen."""
    if (mark := journal.mark()) and disks.is_dir():
        write_private(disks / MARK, msgspec.json.encode(mark))


def _seen(disks: Path) -> Mark | None:
    try:
        return msgspec.json.decode((disks / MARK).read_bytes(), type=Mark)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise JournalError(
            f"{disks / MARK}: {error}: delete it if these are the journal's own disks"
        ) from error


def names(disks: Path) -> set[str]:
    """The instances that have a disk."""
    try:
        return {entry.name for entry in os.scandir(disks) if entry.name.startswith(DISK)}
    except FileNotFoundError:
        return set()


def set_aside(disks: Path, unknown: Iterable[str]) -> None:
    """Move disks that the journal knows nothing of to where nothing deletes them: it may be the wrong one."""
    for name in unknown:
        try:
            place = free_place(disks / UNKNOWN, name)
            (disks / name).rename(place)
        except OSError as error:
            log.warning("the journal knows nothing of the disk %s, which stays: %s", disks / name, error)
        else:
            log.warning("the journal knows nothing of the disk %s: it is in %s now", name, place)


def free_place(folder: Path, name: str) -> Path:
    """A path in a folder by a name, or by that name and a number, at which nothing is yet."""
    folder.mkdir(exist_ok=True)
    places = (folder / f"{name}{tail}" for tail in chain([""], (f".{n}" for n in count(2))))
    return next(place for place in places if not os.path.lexists(place))
