"""User and group ids of this machine for those of guests.

As root, all guests share one range that nobody else here has: a guest's root is nobody outside of it. Each
guest's user namespace is owned by an id of its own, by which the kernel counts what it may have (inotify,
namespaces …); these are the range behind. The agent's own helpers have the ids behind that. In a user
namespace every id that is known there is itself: the user's own, and those that /etc/subuid lends him; these
own the guests' namespaces, too.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

COUNT = 1 << 16
FIRST = 0x6E690000
"""Within what systemd sets aside for containers (524,288 to 1,879,048,191), where it seldom begins."""
LOWEST = 0x80000
SPARE = 16
"""Number of ids behind both ranges, for the agent's helpers."""
WHOLE = 2 * COUNT + SPARE
LENT = ("/etc/subuid", "/etc/subgid")
TAKEN = ("/etc/passwd", "/etc/group")
TTY = 5
"""The group of terminals, on Debian and most others."""


class Ids(NamedTuple):
    """The ids of guests: `first` is this machine's id for their 0; each is itself where it is 0.

    The maps are those of a guest's user namespace.
    """

    first: int
    uid_map: str
    gid_map: str

    @property
    def is_shifted(self) -> bool:
        """True if a guest's root has another id than 0 on this machine."""
        return self.first > 0

    @property
    def has_terminals_group(self) -> bool:
        """True if a guest's ids include the group of terminals."""
        return _covers(self.gid_map, TTY)

    @property
    def has_people(self) -> bool:
        """True if a guest's ids include all users and groups that a system has."""
        return all(_covers(ranges, COUNT - 1) for ranges in (self.uid_map, self.gid_map))

    def owner(self, number: int) -> int | None:
        """The id that owns the namespaces of the number-th guest; None where the agent's own does."""
        if self.is_shifted:
            return self.first + COUNT + number % COUNT
        return 1 + number % (self.lent - 1) if self.lent > 1 else None

    @property
    def lent(self) -> int:
        """Number of a guest's ids, from 0 on, if the agent is in a user namespace; else 0."""
        ranges = _fields(self.uid_map)
        whole = any(int(count) > COUNT for _, _, count in ranges)  # the machine's own ids
        return 0 if self.is_shifted or whole else sum(int(count) for _, _, count in ranges)

    @property
    def helper(self) -> int | None:
        """The id of the agent's helpers; None where they have the agent's own."""
        return self.first + 2 * COUNT if self.is_shifted else None

    def hand_over(self, fds: Iterable[int]) -> None:
        """Let a guest's root open again what it is given: pipes and terminals made for it, and no file."""
        for fd in fds if self.is_shifted else ():
            if stat.S_ISFIFO(os.fstat(fd).st_mode) or os.isatty(fd):
                os.fchown(fd, self.first, self.first)


def engine() -> int | None:
    """The id of the engine that root has started; None where it is its user's own, or none is free."""
    if os.geteuid() != 0:
        return None
    with suppress(OSError):
        return unused() + 2 * COUNT + 1
    return None


def carrier() -> int:
    """The id of what carries packets to the machine's network, where root has started it; raises OSError."""
    return unused() + 2 * COUNT + 2


def shifted(first: int) -> Ids:
    """The ids of guests that have a range of their own."""
    line = f"0 {first} {COUNT}\n"
    return Ids(first, line, line)


def same() -> Ids:
    """The ids of guests where every id that this user namespace knows is itself."""
    return Ids(0, *(_to_itself(Path("/proc/self", kind)) for kind in ("uid_map", "gid_map")))


def unused() -> int:
    """The first id of a range that nobody has on this machine, the ids of the agent's helpers behind it."""
    ranges = [(start, start + count) for start, count in (*_lent(), *_taken())]
    for first in range(FIRST, LOWEST, -4 * COUNT):
        if all(end <= first or first + WHOLE <= start for start, end in ranges):
            return first
    raise OSError("all ids are taken")


def become_root() -> None:
    """Be the root of this process's user namespace, and in no other group.

    In a namespace of a single id groups cannot be left; what they are for is not in a guest's reach.
    """
    os.setresgid(0, 0, 0)
    with suppress(PermissionError):
        os.setgroups([])
    os.setresuid(0, 0, 0)


def _to_itself(known: Path) -> str:
    return "".join(f"{first} {first} {n}\n" for first, _, n in _fields(known.read_text(encoding="utf-8")))


def _covers(ranges: str, id: int) -> bool:
    return any(int(first) <= id < int(first) + int(count) for first, _, count in _fields(ranges))


def _fields(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def _lent() -> list[tuple[int, int]]:
    """The ranges that users have been lent: lines of name:first:count."""
    fields = [line.split(":") for path in LENT for line in _lines(path)]
    return [(int(f[1]), int(f[2])) for f in fields if len(f) == 3 and f[1].isdecimal() and f[2].isdecimal()]


def _taken() -> list[tuple[int, int]]:
    """The ids of users and groups: lines of name:password:id:…"""
    fields = [line.split(":") for path in TAKEN for line in _lines(path)]
    return [(int(f[2]), 1) for f in fields if len(f) > 2 and f[2].isdecimal()]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
