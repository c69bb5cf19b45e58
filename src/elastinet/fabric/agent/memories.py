"""The memories that guests share past the kernel: who is in which, brought to what is wanted.

Each is a tmpfs of the agent's that is there as long as a guest is in it. libfabric names the files of its
endpoints after process ids, so those of guests with EFA begin far from each other.
"""

import contextlib
import itertools
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from elastinet.fabric.contract.objects import Guest
from elastinet.fabric.guest import birth, seccomp
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel import isolate, kernel
from elastinet.fabric.kernel.loop import Loop, complain

FOLDER = Path(isolate.PRIVATE) / "memories"
FLAGS = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
ENDPOINT = re.compile(r"(\d+):\d+:\d+")
NO_PIDS = "instances cannot share memory: the kernel needs CONFIG_CHECKPOINT_RESTORE"
NO_FILTER = "instances share no memory, as one could keep it by system calls that are not refused here"
RETRY_SECONDS, MOST_DOUBLINGS, MOST_LEAVES = 0.1, 5, 2
"""Half the first pause after a failure, doublings of it at most, failures to leave that end a guest."""


@dataclass
class Member:
    """A boot of a guest: the memory that it is in ("" for none), the one that it is on its way to, if any."""

    process: GuestProcess
    has: str = ""
    moving: str | None = None
    tries: int = 0


class Memories:
    """All shared memories and their members."""

    def __init__(self, loop: Loop, spawning: Spawning, changed: Callable[[GuestProcess], None]) -> None:
        self.failed: dict[str, str] = {}
        self._loop = loop
        self._spawning = spawning
        self._changed = changed
        self._members: dict[str, Member] = {}
        self._numbers: dict[str, int] = {}
        self.fault = _fault()
        self._can_share = self.fault is None

    def pids_for(self, process: GuestProcess) -> float:
        """The share of all process ids that a new guest leaves to others, as long as it is here."""
        if not self._can_share:
            return 0.0
        taken = set(self._numbers.values())
        number = next(number for number in itertools.count(1) if number not in taken)
        return spread(self._numbers.setdefault(process.guest.id, number))

    @property
    def busy(self) -> bool:
        """True if a guest is being moved into or out of a memory."""
        return any(member.moving is not None for member in self._members.values())

    def settle(self, wanted: Mapping[str, Guest], processes: Mapping[str, GuestProcess]) -> None:
        """Begin all moves that are to be made and can be."""
        sharing = self._members.keys() | {id for id, guest in wanted.items() if guest.memory}
        for id in sharing & wanted.keys() & processes.keys() - self.failed.keys() if self._can_share else ():
            process, memory = processes[id], wanted[id].memory or ""
            member = self._members.get(id)
            if member is None and memory and process.ready and not process.asked:
                member = self._members[id] = Member(process)
            if member and member.process is process and member.moving is None and member.has != memory:
                # Out of one before into another: who has let go is not ended for what he cannot join.
                self._move(member, "" if member.has else memory)

    def is_settled(self, process: GuestProcess, wanted: str) -> bool:
        """True if a guest is in the memory that is wanted for it, or could not be brought there."""
        member = self._members.get(process.guest.id)
        has = member.has if member else ""
        return has == wanted or process.guest.id in self.failed or not self._can_share

    def ended(self, process: GuestProcess) -> None:
        """Hear that a guest has ended: the kernel has taken it out of everything."""
        self._numbers.pop(process.guest.id, None)
        member = self._members.get(process.guest.id)
        if member and member.process is process:
            del self._members[process.guest.id]
            self.failed.pop(process.guest.id, None)
            for memory in {member.has, member.moving or ""}:
                self._leave(process, memory)

    # --- one move ---------------------------------------------------------------------------------

    def _move(self, member: Member, memory: str) -> None:
        """Have a process of the agent's take a guest out of the memory that it has and into another."""
        member.moving = memory
        told = partial(self._moved, member)
        try:
            leave, join = (str(_opened(name)) if name else "" for name in (member.has, memory))
        except OSError as error:
            told({"error": str(error)})
        else:
            self._spawning.share(member.process.init, leave, join, member.process.layers, told)

    def _moved(self, member: Member, fact: dict[str, Any]) -> None:
        """Hear how a move went."""
        if "pid" in fact or member.moving is None or self._members.get(member.process.guest.id) is not member:
            return
        before, memory, member.moving = member.has, member.moving, None
        if "error" in fact or fact["status"]:
            if memory != before:
                self._leave(member.process, memory)  # made for it, perhaps
            self._again(member, fact.get("error") or f"ended with status {fact['status']}")
        else:
            member.has, member.tries = memory, 0
            self._leave(member.process, before)
        self._changed(member.process)

    def _again(self, member: Member, error: str) -> None:
        """Try again in a while; a guest that does not let go of a memory is ended."""
        id, process = member.process.guest.id, member.process
        self.failed[id] = f"shared memory: {error}"
        process.console.say(self.failed[id])
        member.tries += 1
        if member.has and member.tries == MOST_LEAVES:
            process.end()
            return

        def retry() -> None:
            if self.failed.pop(id, None):
                self._changed(process)

        self._loop.later(RETRY_SECONDS * 2 ** min(member.tries, MOST_DOUBLINGS), retry)

    def _leave(self, process: GuestProcess, memory: str) -> None:
        """Delete what a guest has left in a memory; what cannot be deleted stays to its end."""
        try:
            self._clear(process, memory)
        except OSError as error:
            complain(f"the memory {memory}: {error}")

    def _clear(self, process: GuestProcess, memory: str) -> None:
        """Delete a guest's files in a memory, or the memory if it was the last."""
        path = FOLDER / memory
        if not memory or not path.is_dir():
            return
        others = [
            m.process
            for m in self._members.values()
            if memory in (m.has, m.moving) and m.process is not process
        ]
        if not others:
            kernel.umount(str(path), kernel.MNT_DETACH)
            path.rmdir()
            return
        for name in os.listdir(path):
            if _owner(name, (process, *others)) is process:
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):  # no endpoint is a folder
                    (path / name).unlink()


def _fault() -> str | None:
    """The reason why guests cannot share memory here; None if they can."""
    if seccomp.fault():
        return NO_FILTER
    return None if birth.LAST_PID.exists() else NO_PIDS


def _opened(memory: str) -> Path:
    """The folder of a memory, made and mounted if it is not there yet; raises OSError."""
    path = FOLDER / memory
    if not path.is_dir():
        path.mkdir(parents=True)
        kernel.mount("none", str(path), "tmpfs", FLAGS, "mode=1777")
    return path


def _owner(name: str, processes: tuple[GuestProcess, ...]) -> GuestProcess | None:
    """The guest whose process has made an endpoint's file, by the ids that its processes have."""
    found = ENDPOINT.fullmatch(name)
    below = [process for process in processes if found and process.first_pid <= int(found[1])]
    return max(below, key=lambda process: process.first_pid, default=None)


def spread(number: int) -> float:
    """The number-th of a sequence of points between 0 and 1, each far from all before it.

    Van der Corput's sequence: the number's binary digits behind the point, in reverse. Example: 1, 2, 3
    give 1/2, 1/4, 3/4.
    """
    place, share = 0.0, 0.5
    while number:
        place, number, share = place + share * (number & 1), number >> 1, share / 2
    return place
