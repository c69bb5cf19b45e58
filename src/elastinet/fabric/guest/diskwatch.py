"""A watch on the disks: where the file system that they are on fills up, guests that fill it are ended.

Overlays know no quota. While little is free, a guest whose disk is larger than its volumes is ended; when
next to nothing is left, one whose disk has grown by as much since the last look. Its files stay.
"""

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from pathlib import Path

from elastinet.fabric.guest import containers, rootfs
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.idmap import entries
from elastinet.fabric.kernel.loop import Loop

PAUSE_SECONDS = 2.0
GIB = 1 << 30
LITTLE_BYTES, LITTLE_PART = 4 * GIB, 10
"""The disk is low on space below so many bytes, or below a tenth of its size if that is less."""
NEXT_TO_NOTHING = 4
"""One part in so many of that."""


class DiskWatch:
    """Looks again and again; the console of a guest that it ends says why."""

    def __init__(self, disks: Path, processes: Mapping[str, GuestProcess], loop: Loop) -> None:
        self._disks, self._processes, self._loop = disks, processes, loop
        self._known: dict[str, int] = {}
        loop.later(PAUSE_SECONDS, self._look)

    def _look(self) -> None:
        """Measure, in a thread of its own, if there is a reason to, and look again in a while."""
        if free(self._disks) >= little(self._disks):
            self._known = {}
            self._loop.later(PAUSE_SECONDS, self._look)
            return
        guests = [id for id, process in self._processes.items() if process.running and not process.asked]
        threading.Thread(target=self._measure, args=(guests,), daemon=True).start()

    def _measure(self, guests: list[str]) -> None:
        used = {id: usage(self._disks / id) for id in guests}
        self._loop.soon(lambda: self._judge(used))

    def _judge(self, used: dict[str, int]) -> None:
        """End those who fill the disk."""
        processes = {id: self._processes[id] for id in used.keys() & self._processes.keys()}
        full = {id for id, process in processes.items() if used[id] > process.guest.disk_gib * GIB}
        share = little(self._disks) // NEXT_TO_NOTHING
        if free(self._disks) < share:
            full |= {id for id in processes if used[id] - self._known.get(id, used[id]) > share}
        for id in full:
            processes[id].console.say(
                f"it fills this machine's disk, with {used[id] >> 20} MiB, and is ended"
            )
            processes[id].end()
        self._known = used
        self._loop.later(PAUSE_SECONDS, self._look)


def free(disks: Path) -> int:
    """Bytes free on the file system of the disks."""
    found = os.statvfs(disks)
    return found.f_bavail * found.f_frsize


def little(disks: Path) -> int:
    """Below how many free bytes there is a reason to look."""
    found = os.statvfs(disks)
    return min(LITTLE_BYTES, found.f_blocks * found.f_frsize // LITTLE_PART)


def usage(disk: Path) -> int:
    """Bytes of blocks that a guest's disk takes; what comes and goes meanwhile counts or does not."""
    total = 0
    parts = [*rootfs.PARTS, *([containers.PART] if (disk / containers.PART).is_dir() else [])]
    with suppress(OSError):  # the disk, or a folder, has gone meanwhile
        parent = os.open(disk, os.O_PATH | os.O_DIRECTORY)
        try:
            for folder, name in chain.from_iterable(entries(parent, part) for part in parts):
                with suppress(FileNotFoundError):
                    total += os.stat(name, dir_fd=folder, follow_symlinks=False).st_blocks * 512
        finally:
            os.close(parent)
    return total
