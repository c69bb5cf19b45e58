"""Steps of a process before it becomes a guest's program: descriptors, signals, capabilities."""

import fcntl
import os
import resource
import signal
import socket
import struct
from collections.abc import Sequence

from elastinet.fabric.kernel import features, kernel

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
MOST_DESCRIPTORS = 1 << 20
# Other file systems by handle, modules, raw devices, what the kernel counts by user namespace, the clock,
# device nodes, the host's audit and logs.
FORBIDDEN = (2, 16, 17, 24, 25, 27, 30, 32, 33, 34, 35, 36, 37)


def bring_up(device: str) -> None:
    """Set a device up, as `ip link set up` does, without a process for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = device.encode()
        (flags,) = struct.unpack_from(
            "16xh", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sh14x", name, 0))
        )
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", name, flags | IFF_UP))


def lock_memory() -> None:
    """Let this process and all that it starts lock as much memory as may be: packet rings are locked."""
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    for limit in (resource.RLIM_INFINITY, most):
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, limit))
        except ValueError:  # only root raises what was the most so far
            continue
        return


def lockable_bytes() -> int | None:
    """Bytes of memory that this process may lock; None if there is no limit."""
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    return None if limit == resource.RLIM_INFINITY else limit


def place(fds: list[int]) -> None:
    """Give the program the descriptors 0, 1, 2 … in the order they were sent, and no others."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, len(fds)) for fd in fds]
    for index, fd in enumerate(high):
        os.dup2(fd, index)
    os.closerange(len(fds), MOST_DESCRIPTORS)


def confined(powers: Sequence[str], user: int | None) -> list[str]:
    """The `setpriv` words before a command which leave it these capabilities only, as another user."""
    kept = ",+".join(("-all", *powers))
    who = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    sets = [f"--{kind}={kept}" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    return [features.find("setpriv") or "/usr/bin/setpriv", "--no-new-privs", *who, *sets, "--"]


def become(user: int | None) -> None:
    """Be another user without any power, for good; None stays who it is."""
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    kernel.drop_all_capabilities()


def reset_signals() -> None:
    """Undo what this interpreter changed, so that a program starts with ordinary signals."""
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def drop() -> None:
    """Give up what a guest's root could use to leave its namespaces."""
    for number in FORBIDDEN:
        kernel.drop_capability(number)
