"""The mounts of a guest, also those that its processes have put out of their own sight.

What a process is shown is what its root reaches: another root, or a mount over "/", hides the rest.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from elastinet.fabric.kernel import kernel


class Mount(NamedTuple):
    """A line of /proc/PID/mountinfo: its number, its device, what of that is mounted, where, and the type."""

    id: int
    device: str
    root: str
    point: str
    kind: str


def shown(process: str) -> list[Mount]:
    """The mounts that a process, or a thread, of this path is shown; raises OSError where it has ended."""
    return _parsed(os.open(f"{process}/mountinfo", os.O_RDONLY))


@contextmanager
def among(namespace: int) -> Iterator[None]:
    """Be in another mount namespace, at its root, for a while; only for a process of a single thread."""
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    try:
        kernel.setns(namespace, kernel.CLONE_NEWNS)
        yield
    finally:
        kernel.setns(home, kernel.CLONE_NEWNS)
        os.close(home)


def of(namespace: int) -> list[Mount]:
    """The mounts that are reached from a mount namespace's own root."""
    own = os.open("/proc/self/", os.O_PATH)
    try:
        with among(namespace):
            return _parsed(os.open("mountinfo", os.O_RDONLY, dir_fd=own))
    finally:
        os.close(own)


def _parsed(fd: int) -> list[Mount]:
    with open(fd, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        fields = [line.split(" ") for line in lines]
    return [Mount(int(f[0]), f[2], f[3], _plain(f[4]), f[f.index("-") + 1]) for f in fields]


def _plain(text: str) -> str:
    r"""A path as it is: the kernel writes spaces and the like as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
