"""Control groups: what a guest has of this machine's memory, process ids and processors, if that can be said.

Each agent has a group of its own in each hierarchy that counts one of these, below the one that it was
started in (version 1), or beside all others (version 2, as root), and in it one for each guest. A user has
what was delegated to him, as `systemd-run --user --scope -p Delegate=yes` does.
"""

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

NAME = "elastinet-"
PERIOD = 100_000
"""Microseconds; a quota of processor time is for each of them."""
LIMITS = {
    "pids": {"pids.max": "{}"},
    "memory": {"memory.max": "{}", "memory.limit_in_bytes": "{}"},
    "cpu": {"cpu.max": f"{{}} {PERIOD}", "cpu.cfs_quota_us": "{}"},
}
"""For each controller the files of its limit, whichever is there, and its form: version 2's and 1's."""
PROCESSES = "cgroup.procs"
OWN = "agent"
"""The group of the agent itself: while it has a process, and cannot be removed, the others are of use."""
UNITED = Path("/sys/fs/cgroup")


def make(number: int) -> tuple[Path, ...]:
    """Make the agent's groups, named after a process of its; none where nobody lets us."""
    sweep()
    made = []
    for parent in parents():
        group = parent / f"{NAME}{number}"
        try:
            (group / OWN).mkdir(parents=True)
            enter([str(group / OWN)])
        except OSError:  # nobody lets us
            remove((group,))
            continue
        made.append(group)
        if (group / "cgroup.subtree_control").exists():
            _control(group)
    return tuple(made)


def controlled(groups: tuple[Path, ...]) -> set[str]:
    """The controllers that hold in groups made below these."""
    return {name for name in LIMITS for group in groups if _counts(group, name)}


def _counts(group: Path, controller: str) -> bool:
    if (group / "cgroup.subtree_control").exists():
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
        for controller in names.split(",") if names else ():
            if controller in LIMITS:
                yield UNITED / controller / path.lstrip("/")


def _control(group: Path) -> None:
    """Have the controllers count in the groups below one of version 2, as far as they are to be had."""
    for controller in LIMITS:
        for place in (group.parent, group):
            with contextlib.suppress(OSError):  # not delegated, or processes are in the way
                (place / "cgroup.subtree_control").write_text(f"+{controller}", encoding="utf-8")


def give(groups: tuple[Path, ...], guest: str, most: dict[str, int]) -> list[str]:
    """Make a guest's groups with the most that it may have, by controller; raises OSError.

    Where a group would limit nothing, there is none.
    """
    folders = []
    for group in groups:
        if not any(_counts(group, controller) for controller in most):
            continue
        folder = group / guest
        folder.mkdir(parents=True, exist_ok=True)
        folders.append(str(folder))
        for controller, limit in most.items():
            for file, form in LIMITS[controller].items():
                if (folder / file).exists():
                    (folder / file).write_text(form.format(limit), encoding="utf-8")
    return folders


def enter(folders: Iterable[str], pid: int = 0) -> None:
    """Have a process (0: this one), and all that it starts from now on, counted in a guest's groups."""
    for folder in folders:
        Path(folder, PROCESSES).write_text(str(pid), encoding="utf-8")


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


def _is_removed(group: Path) -> bool:
    with contextlib.suppress(OSError):
        for inner in [path for path in group.iterdir() if path.is_dir()]:
            with contextlib.suppress(OSError):
                inner.rmdir()
        group.rmdir()
    return not group.exists()


def sweep() -> None:
    """Remove what agents that were killed have left."""
    for parent in parents():
        for group in parent.glob(f"{NAME}*"):
            with contextlib.suppress(OSError):  # it is used: a container may not see by whom
                (group / OWN).rmdir()
                remove((group,))
