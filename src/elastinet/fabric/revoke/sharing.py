"""A guest's way into memory that it shares with others, and out of it with nothing kept.

Runs in a process of the agent's, forked for it, which no guest sees. The memory is a tmpfs: one mount more
over the guest's /dev/shm, below which its own stays as it was. Taking the mount away is not enough, for what
a program has open it keeps: so all programs of the guest that hold something of it, or could, are killed.
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress

from elastinet.fabric.kernel import ending, kernel
from elastinet.fabric.revoke import mounts
from elastinet.fabric.revoke.holders import Taken, memory_holders
from elastinet.fabric.revoke.standstill import standstill

TARGET = "/dev/shm"
KEPT = "its processes do not let go of the memory that they shared"
HIDDEN = "the memory that it shared is mounted, or may be, where it cannot be taken off"
ROUNDS, MOST_SECONDS, PAUSE_SECONDS = 2, 3.0, 0.002
"""Nobody may be found in two rounds: two from outside could pass something on behind our back in one."""


def change(init: int, leave: str, join: str, layers: Sequence[str]) -> None:
    """Take a guest out of the memory mounted at one path of the agent's, and into that at another ("": none).

    `layers` are the overlays that it was born with. Raises OSError, also if the guest does not let go.
    """
    kernel.hide_from_debuggers()
    tree = kernel.open_tree(join) if join else -1
    if leave:
        _take(init, Taken(os.stat(leave).st_dev, frozenset(layers)))
    if join:
        _enter(init)
        kernel.move_mount(tree, TARGET)


def _enter(init: int) -> None:
    """Go among a guest's mounts, with the agent's powers."""
    target = os.pidfd_open(init)
    kernel.setns(target, kernel.CLONE_NEWNS)
    os.close(target)


def _take(init: int, taken: Taken) -> None:
    """Look and end until nobody is found any more, while all stand still."""
    with standstill(init) as wait_for_all:
        quiet, end = 0, time.monotonic() + MOST_SECONDS
        while quiet < ROUNDS:
            wait_for_all()
            quiet += 1
            if _end_holders(init, taken):
                quiet = 0
                if time.monotonic() > end:
                    raise OSError(KEPT)
                time.sleep(PAUSE_SECONDS)


def _end_holders(init: int, taken: Taken) -> bool:
    """Take off mounts, and end who holds something; whether there was anything."""
    is_kept = _unmount(init, taken)  # each time: who is still alive may mount it again, by a descriptor
    found = memory_holders(init, taken)
    for pid in found:
        ending.end(pid)
    return is_kept or bool(found)


def _unmount(init: int, taken: Taken) -> bool:
    """Take off a guest's mounts that are, or may lead to, what is taken; false for none.

    Raises OSError where one cannot be taken off, or may be out of sight.
    """
    namespace = os.open(f"/proc/{init}/ns/mnt", os.O_RDONLY)
    try:
        reached = mounts.of(namespace)
        behind = [mount.point for mount in reached if taken.is_behind(mount)]
        with mounts.among(namespace):
            for point in reversed(behind):
                with suppress(OSError):  # gone with another, or below one: it is looked at again
                    kernel.umount(point, kernel.MNT_DETACH | kernel.UMOUNT_NOFOLLOW)
        if (behind and mounts.of(namespace) == reached) or mounts.is_covered(namespace):
            raise OSError(HIDDEN)
        return bool(behind)
    finally:
        os.close(namespace)
