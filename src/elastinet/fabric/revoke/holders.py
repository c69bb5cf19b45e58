"""Processes of a guest that hold, or could hold, something of a file system that was taken from it.

A guest's root can keep it in many ways: an open file or folder, mapped memory, mounts of namespaces of its
own, an overlay over it, an interpreter that the kernel has open for it, a detached mount, a watch, a
descriptor that is on its way through a socket, a socket to another guest. Each thread is looked at: it may
have descriptors and mounts that its process has not.
"""

import os
import re
import stat
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from typing import NamedTuple

from elastinet.fabric.kernel import kernel
from elastinet.fabric.revoke import devicenumber, mounts, nameless, sockets
from elastinet.fabric.revoke.lineage import lineage
from elastinet.fabric.revoke.mounts import Mount

QUEUED = re.compile(r"^scm_fds:\s*[1-9]", re.MULTILINE)
"""Descriptors under way in a socket, that are in no process's table."""
UNMOUNTED = "anon_inode:[fscontext]"
"""A file system that is yet to be mounted: an overlay that has its layers already."""
HIDING = {"overlay": 0x794C7630, "binfmt_misc": 0x42494E4D}
"""Kinds of file systems that have files of another open, and their magic: layers, interpreters (flag F)."""
MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)", re.MULTILINE)


class Taken(NamedTuple):
    """The device that is taken from a guest; `layers` are the overlays that the guest started with."""

    device: int
    layers: Set[str]

    @property
    def name(self) -> str:
        """The device as /proc writes it."""
        return f"{os.major(self.device)}:{os.minor(self.device)}"

    def is_behind(self, mount: Mount) -> bool:
        """True if a mount is of the device that is taken, or may lead to it."""
        hides = mount.kind in HIDING and mount.device not in self.layers
        return mount.device == self.name or hides or mount.root.startswith("mnt:[")


class Known(NamedTuple):
    """The mounts that a process may have files of, and their devices."""

    mounts: Set[int]
    devices: Set[int]

    def more(self, found: list[Mount]) -> "Known":
        """The same and some mounts more."""
        numbers, devices = {mount.id for mount in found}, {_number(mount) for mount in found}
        return Known(self.mounts | numbers, self.devices | devices)


def overlays(init: int) -> frozenset[str]:
    """The devices of the overlays that a new guest sees."""
    return frozenset(mount.device for mount in mounts.shown(f"/proc/{init}") if mount.kind == "overlay")


def memory_holders(init: int, taken: Taken) -> list[int]:
    """The processes of the guest with this init that hold something of what has been taken."""
    with _namespace(f"/proc/{init}", "user") as guest, _namespace(f"/proc/{init}", "mnt") as own:
        plain = [mount for mount in mounts.of(own) if not taken.is_behind(mount)]
        known = Known(set(), set()).more(plain)
        search = Search(taken, guest, os.fstat(own).st_ino, known)
        return [pid for pid in processes(init) if search.holds(pid)]


@contextmanager
def _namespace(task: str, kind: str) -> Iterator[int]:
    fd = os.open(f"{task}/ns/{kind}", os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def _devices_here() -> set[int]:
    """The devices of this machine's programs and libraries, and of memory without a name."""
    return {_number(mount) for mount in mounts.shown("/proc/self")} | set(nameless.devices())


def _number(mount: Mount) -> int:
    major, minor = mount.device.split(":")
    return os.makedev(int(major), int(minor))


def processes(init: int) -> Iterator[int]:
    """All processes of a guest: of its PID namespace, and of those made below it."""
    guest = os.stat(f"/proc/{init}/ns/pid").st_ino
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):  # it has ended
            if guest in lineage(os.open(f"/proc/{name}/ns/pid", os.O_RDONLY)):
                yield int(name)


def _told(process: str, number: str) -> str:
    with open(f"{process}/fdinfo/{number}", encoding="utf-8", errors="replace") as told:
        return told.read()


class Search:
    """One look at a guest's processes; `guest` is its user namespace, `first` is what its init mounts."""

    def __init__(self, taken: Taken, guest: int, mounts_of_init: int, first: Known) -> None:
        self._taken = taken
        self._guest = guest
        self._first = first
        self._known: dict[int, Known | None] = {mounts_of_init: first}
        self._mappable = _devices_here() - {taken.device}
        self._agents = os.stat("/proc/self/ns/user").st_ino
        self._home = os.readlink("/proc/self/ns/mnt")
        self._watched = f"sdev:{devicenumber.inside(taken.device):x} "

    def holds(self, pid: int) -> bool:
        """True if a process holds something; False for one that is still on its way into the guest."""
        with suppress(FileNotFoundError, ProcessLookupError):
            if os.stat(f"/proc/{pid}/ns/user").st_ino != self._agents:
                return any(self._task_holds(pid, tid) for tid in os.listdir(f"/proc/{pid}/task"))
        return False

    def _task_holds(self, pid: int, tid: str) -> bool:
        task = f"/proc/{pid}/task/{tid}"
        try:
            inside = self._inside(task)
            if inside is None or self._maps(task, inside):
                return True
            if any(self._stands_in(f"{task}/{link}", inside) for link in ("cwd", "root", "exe")):
                return True
            return any(self._opens(pid, task, fd, inside) for fd in os.listdir(f"{task}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            return False  # it has ended

    def _inside(self, task: str) -> Known | None:
        """The mounts and devices that a thread may use; None if its mounts hold or hide something."""
        with _namespace(task, "mnt") as namespace:
            number = os.fstat(namespace).st_ino
            if number not in self._known:
                self._known[number] = self._elsewhere(namespace)
        return self._known[number]

    def _elsewhere(self, namespace: int) -> Known | None:
        reached = mounts.of(namespace)
        if any(map(self._taken.is_behind, reached)) or mounts.is_covered(namespace):
            return None
        return self._first.more(reached)

    def _maps(self, task: str, inside: Known) -> bool:
        """True if a thread has mapped a file of an unknown file system."""
        strange = nameless.mapped(task) - inside.devices - self._mappable
        return bool(strange) and not strange <= nameless.rings()

    def _stands_in(self, path: str, inside: Known) -> bool:
        fd = os.open(path, os.O_PATH)
        try:
            return self._is_of(f"/proc/self/fd/{fd}", os.fstat(fd), _told("/proc/self", str(fd)), inside)
        finally:
            os.close(fd)

    def _opens(self, pid: int, task: str, number: str, inside: Known) -> bool:
        """True if a descriptor is of the device that is taken, or of something that may hide it."""
        path = f"{task}/fd/{number}"
        try:
            target, told = os.readlink(path), _told(task, number)
            if target == UNMOUNTED or (target.startswith("mnt:[") and target != self._home):
                return True
            if QUEUED.search(told) or self._watched in told:
                return True
            if target.startswith("socket:["):
                return sockets.leads_out(pid, int(number), self._guest, inside.devices)
            return self._is_of(path, os.stat(path), told, inside)
        except FileNotFoundError:
            return False  # closed meanwhile

    def _is_of(self, path: str, found: os.stat_result, told: str, inside: Known) -> bool:
        """True if a file or folder is of the device that is taken, or may lead there by an unknown mount."""
        if found.st_dev == self._taken.device:
            return True
        mount = MOUNT_ID.search(told)
        if mount is None or int(mount[1]) in inside.mounts:
            return False
        if stat.S_ISREG(found.st_mode):
            return kernel.magic_of(path) in HIDING.values()
        return stat.S_ISDIR(found.st_mode)  # of a tree of mounts that is nowhere: others may be in it
