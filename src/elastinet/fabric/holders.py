"""Which processes of a guest have something of a file system, or could have, that has been taken from it.

A guest's root can keep it in many ways: an open file or folder, mapped memory, mounts of namespaces of its
own, an overlay over it, a detached mount, a watch, a descriptor that is on its way through a socket.
"""

import os
import re
import stat
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress
from fcntl import ioctl
from typing import NamedTuple

NS_GET_PARENT = 0xB702
QUEUED = re.compile(r"^(?:scm_fds|UserFiles):\s*[1-9]", re.MULTILINE)
"""Descriptors under way in a socket, or known to an io_uring, that are in no process's table."""
MOUNT_ID = re.compile(r"^mnt_id:\s*(\d+)", re.MULTILINE)


class Mount(NamedTuple):
    """A line of /proc/PID/mountinfo: its number, its device, what of that is mounted, where, and the type."""

    id: int
    device: str
    root: str
    point: str
    kind: str


class Taken(NamedTuple):
    """What is taken from a guest: a device; `layers` are the overlays that the guest was born with."""

    device: int
    layers: Set[str]

    @property
    def name(self) -> str:
        """The device as /proc writes it."""
        return f"{os.major(self.device)}:{os.minor(self.device)}"

    def is_behind(self, mount: Mount) -> bool:
        """Whether a mount is, or may lead to, what is taken: overlays hide what they are made of."""
        hides = mount.kind == "overlay" and mount.device not in self.layers
        return mount.device == self.name or hides or mount.root.startswith("mnt:[")


class Known(NamedTuple):
    """What a process may well have open: mounts of its guest, and devices of the agent's machine."""

    mounts: Set[int]
    devices: Set[int]


def mounts(pid: int | str) -> list[Mount]:
    """The mounts that a process sees; raises OSError where it has ended."""
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        fields = [line.split(" ") for line in lines]
    return [Mount(int(f[0]), f[2], f[3], _plain(f[4]), f[f.index("-") + 1]) for f in fields]


def overlays(pid: int) -> frozenset[str]:
    """The devices of the overlays that a process sees."""
    return frozenset(mount.device for mount in mounts(pid) if mount.kind == "overlay")


def holders(init: int, taken: Taken) -> list[int]:
    """The processes of the guest with this init that hold something of what has been taken."""
    own = os.readlink(f"/proc/{init}/ns/mnt")
    inside = Known({mount.id for mount in mounts(init)}, _devices_here() - {taken.device})
    return [pid for pid in _processes(init) if _holds(pid, own, taken, inside)]


def _plain(text: str) -> str:
    r"""A path as it is: the kernel writes spaces and the like as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _devices_here() -> set[int]:
    """The devices of this machine that commands get files of from outside, and those of files in memory."""
    fd = os.memfd_create("known")
    memory = os.fstat(fd).st_dev
    os.close(fd)
    numbers = (mount.device.split(":") for mount in mounts("self"))
    return {memory} | {os.makedev(int(major), int(minor)) for major, minor in numbers}


def _processes(init: int) -> Iterator[int]:
    """All processes of a guest: of its PID namespace, and of those made below it."""
    guest = os.stat(f"/proc/{init}/ns/pid").st_ino
    known: dict[int, bool] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):  # it has ended
            if _is_below(os.open(f"/proc/{name}/ns/pid", os.O_RDONLY), guest, known):
                yield int(name)


def _is_below(namespace: int, guest: int, known: dict[int, bool]) -> bool:
    """Whether a PID namespace is a guest's, or has one above it that is; takes the descriptor."""
    number = os.fstat(namespace).st_ino
    try:
        if number not in known:
            known[number] = number == guest or _is_below(ioctl(namespace, NS_GET_PARENT), guest, known)
    except PermissionError:
        known[number] = False  # what is above the agent's own is not to be seen
    finally:
        os.close(namespace)
    return known[number]


def _holds(pid: int, own: str, taken: Taken, inside: Known) -> bool:
    try:
        if os.readlink(f"/proc/{pid}/ns/mnt") != own:
            elsewhere = mounts(pid)
            if any(map(taken.is_behind, elsewhere)):
                return True
            inside = Known(inside.mounts | {mount.id for mount in elsewhere}, inside.devices)
        stands = any(_stands_in(pid, link, taken, inside) for link in ("cwd", "root"))
        return stands or _maps(pid, taken) or any(_opens(pid, fd, taken, inside) for fd in _open_in(pid))
    except (FileNotFoundError, ProcessLookupError):
        return False


def _open_in(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/fd")


def _maps(pid: int, taken: Taken) -> bool:
    """Whether a process has a file of it in its memory; devices are in hex there."""
    mark = f" {os.major(taken.device):02x}:{os.minor(taken.device):02x} "
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as lines:
        return any(mark in line for line in lines)


def _stands_in(pid: int, link: str, taken: Taken, inside: Known) -> bool:
    with _at(f"/proc/{pid}/{link}") as fd:
        return _is_of(os.fstat(fd), _told("self", str(fd)), taken, inside)


@contextmanager
def _at(path: str) -> Iterator[int]:
    fd = os.open(path, os.O_PATH)
    try:
        yield fd
    finally:
        os.close(fd)


def _opens(pid: int, number: str, taken: Taken, inside: Known) -> bool:
    """Whether a descriptor is of what is taken, or of what may hide it."""
    path = f"/proc/{pid}/fd/{number}"
    try:
        target, told = os.readlink(path), _told(pid, number)
        if target.startswith("mnt:[") or QUEUED.search(told) or f"sdev:{_watched(taken)} " in told:
            return True
        return _is_of(os.stat(path), told, taken, inside)
    except FileNotFoundError:
        return False  # closed meanwhile


def _told(pid: int | str, number: str) -> str:
    with open(f"/proc/{pid}/fdinfo/{number}", encoding="utf-8", errors="replace") as told:
        return told.read()


def _watched(taken: Taken) -> str:
    """The device as the kernel writes it of what inotify watches."""
    return f"{os.major(taken.device) << 20 | os.minor(taken.device):x}"


def _is_of(found: os.stat_result, told: str, taken: Taken, inside: Known) -> bool:
    """Whether a file or folder is of what is taken, or on a mount that nobody knows."""
    if found.st_dev == taken.device:
        return True
    mount = MOUNT_ID.search(told)
    is_known = mount is None or int(mount[1]) in inside.mounts or found.st_dev in inside.devices
    return (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)) and not is_known
