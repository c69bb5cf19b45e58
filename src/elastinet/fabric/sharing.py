"""A guest's way into memory that it shares with others, and out of it with nothing left behind.

Runs in a process of the agent's, forked for it, which no guest sees. The memory is a tmpfs: one mount more
over the guest's /dev/shm, below which its own stays as it was. Taking the mount away is not enough, for what
a program has open it keeps: so all programs of the guest that hold something of it, or could, are killed.
"""

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from fcntl import ioctl
from typing import NamedTuple

from elastinet.fabric import kernel

TARGET = "/dev/shm"
NS_GET_PARENT = 0xB702
MOST_ROUNDS, PAUSE_SECONDS = 100, 0.002
QUEUED = re.compile(r"^(?:scm_fds|UserFiles):\s*[1-9]", re.MULTILINE)
"""Descriptors under way in a socket, or known to an io_uring, that belong to no process's table."""


class Mount(NamedTuple):
    """A line of /proc/PID/mountinfo: the file system's device, what of it is mounted, and where."""

    device: str
    root: str
    point: str


def change(init: int, leave: str, join: str) -> None:
    """Take a guest out of the memory mounted at one path of the agent's, and into that at another ("": none).

    Raises OSError, also if the guest does not let go.
    """
    kernel.hide_from_debuggers()
    tree = kernel.open_tree(join) if join else -1
    if leave:
        _take_out(init, os.stat(leave).st_dev)
    if join:
        _enter(init)
        kernel.move_mount(tree, TARGET)


def _enter(init: int) -> None:
    """Go among a guest's mounts, with the agent's powers."""
    target = os.pidfd_open(init)
    kernel.setns(target, kernel.CLONE_NEWNS)
    os.close(target)


def _take_out(init: int, device: int) -> None:
    name = f"{os.major(device)}:{os.minor(device)}"
    _unmount(init, name)
    own = os.readlink(f"/proc/{init}/ns/mnt")
    for _ in range(MOST_ROUNDS):
        holders = [pid for pid in _processes(init) if pid != init and _holds(pid, device, name, own)]
        if not holders:
            return
        for pid in holders:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_SECONDS)
    raise OSError(f"processes {holders} do not let go of the memory that they shared")


def _unmount(init: int, device: str) -> None:
    """Take off the mounts of a device in a guest, and its mounts of other mount namespaces."""
    points = [mount.point for mount in _mounts(init) if _leads_to(mount, device)]
    if not points:
        return
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    _enter(init)
    for point in reversed(points):
        kernel.umount(point, kernel.MNT_DETACH | kernel.UMOUNT_NOFOLLOW)
    kernel.setns(home, kernel.CLONE_NEWNS)
    os.close(home)


def _mounts(pid: int) -> list[Mount]:
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        fields = [line.split(" ") for line in lines]
    return [Mount(field[2], field[3], _plain(field[4])) for field in fields]


def _plain(text: str) -> str:
    r"""A path as it is: the kernel writes spaces and the like as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def _leads_to(mount: Mount, device: str) -> bool:
    return mount.device == device or mount.root.startswith("mnt:[")


def _processes(init: int) -> Iterator[int]:
    """All processes of a guest: of its PID namespace, and of those made below it."""
    guest = os.stat(f"/proc/{init}/ns/pid").st_ino
    known: dict[int, bool] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended
            namespace = os.open(f"/proc/{name}/ns/pid", os.O_RDONLY)
            if _is_below(namespace, guest, known):
                yield int(name)


def _is_below(namespace: int, guest: int, known: dict[int, bool]) -> bool:
    """Whether a PID namespace is a guest's, or has one above it that is; takes the descriptor."""
    number = os.fstat(namespace).st_ino
    try:
        if number not in known:
            known[number] = number == guest or _is_below(ioctl(namespace, NS_GET_PARENT), guest, known)
    except PermissionError:
        known[number] = False  # above it is what we cannot see: it is the agent's own
    finally:
        os.close(namespace)
    return known[number]


def _holds(pid: int, device: int, name: str, own: str) -> bool:
    """Whether a process has something of a file system, or may have: open, mapped, mounted, or queued."""
    try:
        if any(_is_of(f"/proc/{pid}/{link}", device) for link in ("cwd", "root")) or _maps(pid, name):
            return True
        if any(_is_open(pid, number, device) for number in os.listdir(f"/proc/{pid}/fd")):
            return True
        elsewhere = os.readlink(f"/proc/{pid}/ns/mnt") != own
        return elsewhere and any(_leads_to(mount, name) for mount in _mounts(pid))
    except (FileNotFoundError, ProcessLookupError):
        return False


def _maps(pid: int, device: str) -> bool:
    """Whether a process has a file of this device in its memory; the kernel writes devices in hex here."""
    major, minor = (int(part) for part in device.split(":"))
    mark = f" {major:02x}:{minor:02x} "
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as lines:
        return any(mark in line for line in lines)


def _is_of(path: str, device: int) -> bool:
    """Whether what a link of /proc leads to is of a device; what leads nowhere is not."""
    try:
        return os.stat(path).st_dev == device
    except OSError:
        return False


def _is_open(pid: int, number: str, device: int) -> bool:
    path = f"/proc/{pid}/fd/{number}"
    if _is_of(path, device):
        return True
    with contextlib.suppress(FileNotFoundError):
        target = os.readlink(path)
        if target.startswith("mnt:["):
            return True
        if target.startswith(("socket:", "anon_inode:[io_uring]")):
            with open(f"/proc/{pid}/fdinfo/{number}", encoding="utf-8") as told:
                return QUEUED.search(told.read()) is not None
    return False
