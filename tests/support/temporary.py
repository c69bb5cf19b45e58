"""Where the tests make their folders: in memory, where the machine has room for them.

A disk that has just deleted many files looks for a free one for long: a tenth of the tests' time on ext4.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
ROOM = 6 << 30
"""Bytes: a run needs one or two thousand million, and what is full fails in ways of its own."""


def in_memory() -> None:
    """Have this process, and all that it starts, make temporary folders in memory, if the user named no place."""
    if "TMPDIR" not in os.environ and _suits(SHARED_MEMORY):
        os.environ["TMPDIR"] = str(SHARED_MEMORY)
        tempfile.tempdir = None  # asks the environment again


def _suits(folder: Path) -> bool:
    """True if tests may run programs there, give files attributes as overlays of users do, and have room."""
    with suppress(OSError):
        there = os.statvfs(folder)
        if there.f_flag & os.ST_NOEXEC or min(there.f_bavail * there.f_frsize, _free_memory()) < ROOM:
            return False
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            os.setxattr(file.name, "user.elastinet", b"1")
            return True
    return False


def _free_memory() -> int:
    """The bytes of memory that programs can still have: what the kernel keeps of files is theirs, too."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
