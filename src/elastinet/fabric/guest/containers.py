"""What programs that run containers need in a guest: a plain folder of the disk, and a word about its groups.

The kernel lays no overlay that is written to over another one, and podman gives up there. Where a guest
cannot divide control groups, crun does without them if it finds some file system in their place. Instances
of an image have all this, for such a program may be installed there; others if this machine has one.
"""

import contextlib
import os
from collections.abc import Collection

from elastinet.fabric.guest.ids import Ids
from elastinet.fabric.guest.trust import Layer
from elastinet.fabric.kernel import kernel

PART = "plain"
"""The part of a disk that no overlay is over."""
PLACE = "/var/lib/containers"
PROGRAMS = ("podman", "buildah")
KEPT = {"-images": "images.json", "-containers": "containers.json"}
"""What podman has written where it has kept something; a run that failed has left other files only."""
GROUPS = "/sys/fs/cgroup"
SAFE = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC | kernel.MS_RDONLY
SETTINGS = "/etc/containers/containers.conf.d/50-elastinet.conf"
NO_GROUPS = """# Written by elastinet: instances of an ordinary user have no control groups to divide.
[containers]
cgroups = "disabled"
"""
NO_COUNT = """# Written by elastinet: control groups of version 2 do not count processes on this machine.
[containers]
pids_limit = 0
"""


def settings(ids: Ids, counted: Collection[str]) -> str:
    """What podman is to be told in guests, whose groups count by some controllers; often nothing."""
    if not ids.is_shifted:
        return NO_GROUPS
    return "" if "pids" in counted else NO_COUNT


def settle(layer: Layer, text: str) -> None:
    """Lay settings, if there are some, into a layer of all guests."""
    if text:
        layer.write(SETTINGS, text)


def hold(root: str, disk: str, ids: Ids, *, is_whole: bool) -> int | None:
    """Hold a disk's folder, which is made if it is not there; None where no program needs it."""
    if not is_whole and not any(os.path.lexists(f"{root}/usr/bin/{program}") for program in PROGRAMS):
        return None
    folder = f"{disk}/{PART}"
    if not os.path.exists(folder):
        _make(folder, ids)
    return kernel.open_tree(folder)


def show(held: int, ids: Ids) -> None:
    """Mount it in the guest's root, this process's, where programs look, and an empty place for groups.

    What an image or its guest has kept there already stays seen, and no link of theirs is followed.
    """
    if not ids.is_shifted and os.path.isdir(GROUPS):
        options = f"mode=755,size=4k,uid={ids.first},gid={ids.first}"
        kernel.mount("none", GROUPS, "tmpfs", SAFE, options)
    parent = os.path.dirname(PLACE)
    if not os.path.isdir(parent) or os.path.realpath(parent) != parent:
        return
    if not os.path.lexists(PLACE):
        _make(PLACE, ids)
    if os.path.isdir(PLACE) and not os.path.islink(PLACE) and not _keeps():
        kernel.move_mount(held, PLACE)


def _keeps() -> bool:
    """True if something is kept there, by whichever driver."""
    storage = f"{PLACE}/storage"
    with contextlib.suppress(OSError):  # there is none, as in most guests
        found = os.listdir(storage)
        return any(
            folder.endswith(ending) and os.path.exists(f"{storage}/{folder}/{name}")
            for folder in found
            for ending, name in KEPT.items()
        )
    return False


def _make(folder: str, ids: Ids) -> None:
    os.mkdir(folder, 0o700)
    os.chown(folder, ids.first, ids.first)
