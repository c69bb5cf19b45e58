"""Limits of a guest on this machine: processes, memory with its files in memory, perhaps processor time."""

import resource
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from elastinet.fabric.guest import cgroups

BYTES_A_PROCESS = 128 << 10
"""Linux lets the stacks of threads, of 16 KiB each, take an eighth of memory (kernel/fork.c)."""
MOST_PROCESSES = 32768
"""The kernel's default of pid_max."""
MIB = 1 << 20


@dataclass(frozen=True)
class GuestLimits:
    """A guest's: its memory, how many processes and threads it may have, and the control groups it is in.

    Of version 2 of these `home` is the one that a guest may divide; "" is none.
    `cpus` is how many processors' time it may use, 0 as much as there is.
    """

    memory_mib: int
    processes: int
    groups: tuple[str, ...] = ()
    cpus: int = 0
    home: str = ""

    def told(self) -> dict[str, Any]:
        """The room as a request to the spawner has it."""
        return asdict(self)


def of(memory_mib: int, cpus: int) -> GuestLimits:
    """The room of an instance with so much memory and so many processors."""
    processes = min(MOST_PROCESSES, memory_mib * MIB // BYTES_A_PROCESS)
    return GuestLimits(memory_mib, processes, cpus=cpus)


def read(told: dict[str, Any]) -> GuestLimits:
    """The room that a request tells of."""
    return GuestLimits(**{**told, "groups": tuple(told["groups"])})


def in_groups(room: GuestLimits, groups: tuple[Path, ...], id: str) -> GuestLimits:
    """The room with control groups that have been made for it; raises OSError."""
    most = {"pids": room.processes, "memory": room.memory_mib * MIB}
    if room.cpus:
        most["cpu"] = room.cpus * cgroups.PERIOD
    folders, home = cgroups.give(groups, id, most)
    return replace(room, groups=tuple(folders), home=home if cgroups.are_alone() else "")


def leave(groups: tuple[Path, ...], id: str) -> bool:
    """Take away the control groups of a guest that has ended; false where the kernel still holds one."""
    return cgroups.remove(tuple(group / id for group in groups))


def enter(room: GuestLimits) -> None:
    """Have this process, and all that it starts, in a guest's room."""
    cgroups.enter(room.groups)
    limit(room)


def limit(room: GuestLimits) -> None:
    """Let this process's user have no more processes than the guest; its groups are another's to join."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = room.processes if hard == resource.RLIM_INFINITY else min(room.processes, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
