"""The mounts of a guest, and whether it has put any out of sight.

What a process is shown is what its root reaches. Another root hides the rest, so a namespace is looked at
from its own root. A mount over that root still hides what is below: nobody lists it until that is taken off.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from elastinet.fabric.kernel import kernel
from elastinet.fabric.revoke.lineage import owner

BOTTOM = "rootfs"
"""The empty file system that the root of every mount namespace is mounted on."""
UNCOVERED, COVERED, UNKNOWN = range(3)


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


def is_covered(namespace: int) -> bool:
    """True if a mount over a namespace's root hides others; raises OSError where that cannot be told."""
    child = os.fork()
    if not child:
        found = UNKNOWN
        with suppress(OSError):
            found = _uncover(namespace)
        os._exit(found)
    found = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if found not in (UNCOVERED, COVERED):
        raise OSError("its mounts cannot be looked at")
    return found == COVERED


def _uncover(namespace: int) -> int:
    """Take the root off a copy of a namespace, and look what is below.

    What came from outside at birth is locked: nobody can take that off, and so neither see what is below. For
    a copy without such locks of its own, it is made as the namespace's owner.
    """
    own, this = os.open("/proc/self/", os.O_PATH), os.pidfd_open(os.getpid())
    kernel.setns(owner(namespace), kernel.CLONE_NEWUSER)
    kernel.setns(namespace, kernel.CLONE_NEWNS)
    kernel.unshare(kernel.CLONE_NEWNS)
    try:
        kernel.umount("/", kernel.MNT_DETACH)
    except OSError:
        return UNCOVERED
    kernel.setns(this, kernel.CLONE_NEWNS)
    below = _parsed(os.open("mountinfo", os.O_RDONLY, dir_fd=own))
    return UNCOVERED if {mount.kind for mount in below} <= {BOTTOM} else COVERED


def _parsed(fd: int) -> list[Mount]:
    with open(fd, encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        fields = [line.split(" ") for line in lines]
    return [Mount(int(f[0]), f[2], f[3], _plain(f[4]), f[f.index("-") + 1]) for f in fields]


def _plain(text: str) -> str:
    r"""A path as it is: the kernel writes spaces and the like as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
