"""Control groups: what a guest has of this machine's memory, process ids and processors, if that can be said.

Each agent has a group of its own in each hierarchy, below the one that it was started in (version 1, or
where both are), or beside all others (version 2, as root), and in it one for each guest, if that limits it. A
user has what was delegated to him, as `systemd-run --user --scope -p Delegate=yes` does.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from elastinet.fabric.kernel import files

NAME = "elastinet-"
PERIOD = 100_000
"""Microseconds; a quota of processor time is for each of them."""
LIMITS = {
    "pids": {"pids.max": "{}"},
    "memory": {"memory.max": "{}", "memory.limit_in_bytes": "{}"},
    "cpu": {"cpu.max": f"{{}} {PERIOD}", "cpu.cfs_quota_us": "{}"},
}
"""For each controller the files of its limit and its form: version 2's, then 1's, which may be the same."""
PROCESSES = "cgroup.procs"
OWN = "agent"
"""The group of the agent itself: while it has a process, and cannot be removed, the others are of use."""
INIT = "init"
"""The group of a guest's init and commands, below the guest's own, which it may divide."""
BOUNDS = {"cgroup.max.descendants": "512", "cgroup.max.depth": "32"}
"""How many groups a guest may make in its own: each takes memory of the kernel's."""
DELEGATED = ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control")
"""What of a group is its user's to write (cgroups(7)); its limits are not."""
UNITED = Path("/sys/fs/cgroup")
BESIDE = UNITED / "unified"
"""Where version 2 is beside version 1."""


def make(number: int) -> tuple[Path, ...]:
    """Make the agent's groups, named after a process of its; none where nobody lets us."""
    sweep()
    made = []
    for parent in parents():
        group = parent / f"{NAME}{number}"
        try:
            for folder in (group, group / OWN):
                folder.mkdir(parents=True)
                _have_processors(folder)
            enter([str(group / OWN)])
        except OSError:  # nobody lets us
            remove((group,))
            continue
        made.append(group)
        if _is_united(group):
            _control(group)
    return tuple(made)


def _have_processors(group: Path) -> None:
    """Let a new group of version 1's cpuset have what the one above has: it begins with nothing."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if (group / file).exists():
            (group / file).write_text((group.parent / file).read_text(encoding="utf-8"), encoding="utf-8")


@cache
def are_alone() -> bool:
    """True if this process, and all that it starts, sees no group of others from a namespace of its own.

    Of version 1 such a namespace shows the whole of each hierarchy below the group that it was made in.
    """
    lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    return all(f"/{NAME}" in path for _, names, path in (line.split(":", 2) for line in lines) if names)


def are_divisible(groups: tuple[Path, ...]) -> bool:
    """True if a guest can have a group of version 2 for itself, and sees no other."""
    return any(map(_is_united, groups)) and are_alone()


def controlled(groups: tuple[Path, ...]) -> set[str]:
    """The controllers that hold in groups made below these."""
    return {name for name in LIMITS for group in groups if _counts(group, name)}


def divided(groups: tuple[Path, ...]) -> set[str]:
    """The controllers that guests divide by themselves, if they divide groups."""
    return {name for name in LIMITS for group in groups if _is_united(group) and _counts(group, name)}


def _is_united(group: Path) -> bool:
    """True if a group is of version 2."""
    return (group / "cgroup.subtree_control").exists()


def _counts(group: Path, controller: str) -> bool:
    if _is_united(group):
        return controller in (group / "cgroup.subtree_control").read_text(encoding="utf-8").split()
    return any((group / file).exists() for file in LIMITS[controller])


def parents() -> Iterator[Path]:
    """The parents for the agent's groups, in each hierarchy of use, as this process sees them.

    A container may show hierarchies that its user may not even look into.
    """
    return (place for place in _hierarchies() if os.access(place, os.R_OK | os.X_OK))


def _hierarchies() -> Iterator[Path]:
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, names, path = line.split(":", 2)
        if names == "" and os.path.exists(UNITED / "cgroup.controllers"):
            yield UNITED if os.geteuid() == 0 else UNITED / path.lstrip("/")
        elif names == "" and os.path.exists(BESIDE / "cgroup.controllers"):
            yield BESIDE / path.lstrip("/")
        for controller in names.split(",") if names else ():
            yield UNITED / controller.removeprefix("name=") / path.lstrip("/")


def _control(group: Path) -> None:
    """Have the controllers count in the groups below one of version 2, as far as they are to be had."""
    for controller in LIMITS:
        for place in (group.parent, group):
            with contextlib.suppress(OSError):  # not delegated, or processes are in the way
                (place / "cgroup.subtree_control").write_text(f"+{controller}", encoding="utf-8")


def give(groups: tuple[Path, ...], guest: str, most: dict[str, int]) -> tuple[list[str], str]:
    """Make a guest's groups with the most that it may have, by controller; raises OSError.

    Gives those of its processes, and of version 2, if that is there, the one above. Of version 1 there is
    none that would limit nothing.
    """
    folders, home = [], ""
    for group in groups:
        united, limits = _of(group)
        if not (united or limits.keys() & most.keys()):
            continue
        folder = f"{group}/{guest}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        folders.append(_divided(folder) if united else folder)
        home = folder if united else home
        for controller in limits.keys() & most.keys():
            file, form = limits[controller]
            files.write(f"{folder}/{file}", form.format(most[controller]))
    return folders, home


@cache
def _of(group: Path) -> tuple[bool, dict[str, tuple[str, str]]]:
    """Whether one of the agent's groups is of version 2, and the limits of those below it, by controller.

    This stays as it is while the agent lives.
    """
    united = _is_united(group)
    files_of = {name: list(LIMITS[name].items()) for name in LIMITS if _counts(group, name)}
    return united, {name: found[0] if united else found[-1] for name, found in files_of.items()}


def _divided(home: str) -> str:
    """Make the group of a guest's processes below its own, which may have some others."""
    for file, bound in BOUNDS.items():
        files.write(f"{home}/{file}", bound)
    with contextlib.suppress(FileExistsError):
        os.mkdir(f"{home}/{INIT}")
    return f"{home}/{INIT}"


def delegate(home: str, user: int) -> None:
    """Let a guest's root make groups below its own, and divide among them what the guest may have."""
    for folder in (home, f"{home}/{INIT}"):
        os.chmod(folder, 0o755)
        for name in DELEGATED:
            os.chown(os.path.join(folder, name), user, user)


def enter(folders: Iterable[str], pid: int = 0) -> None:
    """Have a process (0: this one), and all that it starts from now on, counted in a guest's groups."""
    for folder in folders:
        files.write(f"{folder}/{PROCESSES}", str(pid))


def leave(groups: tuple[Path, ...]) -> None:
    """Have this process, the agent's last, go back to where it was started."""
    for group in groups:
        with contextlib.suppress(OSError):
            enter([str(group.parent)])


def remove(groups: tuple[Path, ...], seconds: float = 0) -> bool:
    """Remove groups with those in them, false where one stays: it has processes, perhaps their last moments.

    Tries again for so many seconds.
    """
    end = time.monotonic() + seconds
    while left := [group for group in groups if not _is_removed(group)]:
        groups = tuple(left)
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _is_removed(group: str | Path) -> bool:
    """Remove a group with all below it, which may be a guest's to name, but not deeper than its bound.

    Most have none below. Nothing is asked about the dozens of files that the kernel shows in each.
    """
    if _is_gone(group):
        return True
    with contextlib.suppress(OSError):
        with os.scandir(group) as found:
            inner = [entry.path for entry in found if entry.is_dir(follow_symlinks=False)]
        for path in inner:
            _is_removed(path)
    return _is_gone(group)


def _is_gone(group: str | Path) -> bool:
    """Remove one group if there is nothing in it; true if it is there no more."""
    try:
        os.rmdir(group)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def sweep() -> None:
    """Remove what agents that were killed have left."""
    for parent in parents():
        for group in parent.glob(f"{NAME}*"):
            with contextlib.suppress(OSError):  # it is used: a container may not see by whom
                (group / OWN).rmdir()
                remove((group,))
