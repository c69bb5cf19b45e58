"""Resources that the kernel counts by user namespace (/proc/sys/user), and a guest's part of them."""

import contextlib
from pathlib import Path

from elastinet.fabric.kernel import files

SYSCTLS = Path("/proc/sys/user")
INOTIFY = "max_inotify_instances"
MOST_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
SHARE = 4
"""One guest has at most one part in so many of what the user may have; all guests leave him one."""


def forbid_cgroups() -> None:
    """Have no more cgroup namespaces in this user namespace and below.

    In one a guest could mount the hierarchy, of which its id may own a part outside.
    """
    _write("max_cgroup_namespaces", 0)


def confine_all() -> None:
    """Leave a part of what is counted for the user to himself; for the user namespace of all guests."""
    forbid_cgroups()
    _write(INOTIFY, _most_inotify() * (SHARE - 1) // SHARE)


def confine_one() -> None:
    """Leave some of what is counted for the user to other guests; for a guest's own user namespace."""
    _write(INOTIFY, max(1, _most_inotify() // SHARE))


def _most_inotify() -> int:
    return int(MOST_INOTIFY.read_text(encoding="utf-8"))


def _write(sysctl: str, value: int) -> None:
    with contextlib.suppress(FileNotFoundError):  # not in this kernel
        files.write(SYSCTLS / sysctl, str(value))
