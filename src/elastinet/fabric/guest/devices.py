"""A guest's /dev: harmless nodes, terminals of its own, its console, its log, and what asks its init.

The console is a terminal, the log a socket of datagrams, the last a pipe; the other ends are the agent's.
"""

import errno
import fcntl
import os
import socket
import stat
import struct
import termios

from elastinet.fabric.guest.ids import TTY, Ids
from elastinet.fabric.kernel import kernel

NODES = ("null", "zero", "full", "random", "urandom", "tty")
KEPT = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NOEXEC
SHOWN = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID
MULTIPLEXER, CONSOLE, LOG = "/dev/pts/ptmx", "/dev/console", "/dev/log"
CONTROL, OLD_CONTROL = "/run/initctl", "/dev/initctl"
UNLOCK, NUMBER = 0x40045431, 0x80045430
"""TIOCSPTLCK, and TIOCGPTN, which tells a terminal's number."""
OUTPUT_FLAGS = 1
"""Where termios.tcgetattr has c_oflag."""


def fill(dev: str, ids: Ids, most: str) -> None:
    """Fill /dev with the harmless nodes, a terminal multiplexer of its own, and TUN."""
    scratch(dev, ids, "mode=755,size=1m", kernel.MS_NOSUID)
    for folder in ("pts", "shm", "net"):
        os.mkdir(f"{dev}/{folder}")
    for node in NODES:
        _put_node(f"/dev/{node}", f"{dev}/{node}", ids)
    if os.path.exists("/dev/net/tun"):
        _put_node("/dev/net/tun", f"{dev}/net/tun", ids)
    group = f",gid={ids.first + TTY}" if ids.has_terminals_group else ""
    options = f"newinstance,ptmxmode=0666,mode=0620{group}"
    kernel.mount("devpts", f"{dev}/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, options)
    scratch(f"{dev}/shm", ids, f"mode=1777,{most}", kernel.MS_NOSUID | kernel.MS_NODEV)
    os.symlink("pts/ptmx", f"{dev}/ptmx")
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"{dev}/{name}")


def make_console(ids: Ids) -> int | None:
    """Make the terminal that is the guest's console, and give its other end; runs in the guest's root.

    The machine may have no terminal left, for all guests share what it has: the console is deaf then.
    """
    _touch(CONSOLE)
    try:
        master = os.open(MULTIPLEXER, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        bind("/dev/null", CONSOLE)
        return None
    fcntl.ioctl(master, UNLOCK, struct.pack("i", 0))
    (number,) = struct.unpack("I", fcntl.ioctl(master, NUMBER, bytes(4)))
    terminal = f"/dev/pts/{number}"
    os.chown(terminal, ids.first, -1)
    kernel.mount(terminal, CONSOLE, flags=kernel.MS_BIND)
    return master


def take_console() -> int:
    """Open the console for the guest's init, whose session holds it: no script's can have it then.

    It stays open as long as the init lives. Lines end as they were written.
    """
    console = os.open(CONSOLE, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    if os.isatty(console):
        settings = termios.tcgetattr(console)
        settings[OUTPUT_FLAGS] &= ~termios.ONLCR
        termios.tcsetattr(console, termios.TCSANOW, settings)
        fcntl.ioctl(console, termios.TIOCSCTTY, 0)
    return console


def bind_log(log: socket.socket, ids: Ids) -> None:
    """Have a socket of datagrams hear what the guest's programs log; runs in the guest's root."""
    log.bind(LOG)
    os.chmod(LOG, 0o666)
    os.chown(LOG, ids.first, ids.first)


def make_control(ids: Ids) -> int:
    """Make the pipe by which programs ask the init of System V for a run level; runs in the guest's root."""
    os.mkfifo(CONTROL, 0o600)
    os.chown(CONTROL, ids.first, ids.first)
    os.symlink(CONTROL, OLD_CONTROL)
    return os.open(CONTROL, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def open_control() -> int:
    """Open that pipe for the guest's init, which reports what it is asked for by signals."""
    return os.open(CONTROL, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)


def scratch(path: str, ids: Ids, options: str, flags: int) -> None:
    """Mount memory as a folder that belongs to the guest's root."""
    kernel.mount("tmpfs", path, "tmpfs", flags, f"{options},uid={ids.first},gid={ids.first}")


def bind(source: str, target: str) -> None:
    """Show a file of the host's, of which a guest changes no mode, owner or time: it is the host's own."""
    kernel.mount(source, target, flags=kernel.MS_BIND)
    kernel.set_mount_attributes(target, KEPT)


def show(source: str, target: str) -> None:
    """Show a folder of programs of ours, which nobody in the guest changes."""
    os.mkdir(target)
    kernel.mount(source, target, flags=kernel.MS_BIND)
    kernel.set_mount_attributes(target, SHOWN)


def _put_node(source: str, target: str, ids: Ids) -> None:
    """Make a device node as the machine has it, which a guest's root may remove but not change.

    Its owner is the machine's root. Where a guest's root has that id, or mknod is forbidden, the machine's
    own node is bound.
    """
    if ids.is_shifted and _has_made(os.stat(source), target):
        return
    _touch(target)
    bind(source, target)


def _has_made(found: os.stat_result, target: str) -> bool:
    """Make a node like one that was found, unless that is forbidden."""
    try:
        os.mknod(target, found.st_mode, found.st_rdev)
    except PermissionError:
        return False
    os.chmod(target, stat.S_IMODE(found.st_mode))
    return True


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666))
