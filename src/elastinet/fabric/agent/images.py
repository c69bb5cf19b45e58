"""The contents of images: brought here, copied from disks, and taken away; each by a process of its own."""

import json
import os
import signal
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elastinet.fabric.contract.content import NAME
from elastinet.fabric.contract.messages import Capture, Captured, Imported, Importing
from elastinet.fabric.guest.disk import Disks
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.rootfs import RootImage
from elastinet.fabric.guest.spawning import Spawning
from elastinet.fabric.kernel.loop import Call, Loop

FRESH = "fresh-"
ENDED = "it was ended before it was there"
CHUNK = 1 << 16
Told = Callable[[dict[str, Any]], None]
"""Hears how far it is, by `files` and `bytes`; in the end of a `content`, or of an `error`."""


class Work:
    """A process that makes a content, in a folder that goes with it if it comes to nothing."""

    def __init__(self, images: "Images", asked: dict[str, Any], source: int, told: Told) -> None:
        self._images, self._told = images, told
        self._fresh = f"{FRESH}{os.urandom(8).hex()}"
        self._pid = 0
        self._is_over = False
        self._rest = b""
        self._last: dict[str, Any] = {"error": ENDED}
        out, into = os.pipe2(os.O_CLOEXEC)
        try:
            asked = {"folder": str(images.folder), "fresh": self._fresh, **images.ids, **asked}
            images.loop.watch(out, lambda: self._hear(out))
            images.spawning.work(asked, (source, into), self._follow)
        finally:
            os.close(into)

    def _follow(self, fact: dict[str, Any]) -> None:
        """Know the process; one that could not be started tells why."""
        self._pid = fact.get("pid", 0 if "exit" in fact else self._pid)
        if "error" in fact:
            self._last = {"error": fact["error"]}
        if self._is_over:
            self.end()

    def _hear(self, out: int) -> None:
        data = os.read(out, CHUNK)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in filter(None, lines):
            fact = json.loads(line)
            if "files" in fact:
                self._told(fact)
            else:
                self._last = fact
        if not data:
            self._images.loop.forget(out)
            os.close(out)
            self._is_over = True
            self._images.over(self, self._fresh)
            self._told(self._last)

    def end(self) -> None:
        """End it, with all that it has started."""
        self._is_over = True
        if self._pid:
            with suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
            with suppress(ProcessLookupError):  # it leads no group yet
                os.kill(self._pid, signal.SIGKILL)


@dataclass
class _Copy:
    """A copy that is wanted, and the work on it once that has begun."""

    wanted: Capture
    work: Work | None = None


class Images:
    """All contents, and the works on new ones."""

    def __init__(
        self,
        folder: Path,
        image: RootImage,
        loop: Loop,
        spawning: Spawning,
        tell: Callable[[Captured], None],
        wake: Call,
    ) -> None:
        self.folder, self.loop, self.spawning = folder, loop, spawning
        self.ids = {
            "first": image.ids.first,
            "uid_map": image.ids.uid_map,
            "gid_map": image.ids.gid_map,
            "suid": not image.is_guarded,
        }
        self._tell, self._wake = tell, wake
        self._folders = Disks(folder)
        self._works: set[Work] = set()
        self._copies: dict[str, _Copy] = {}
        self._doomed: set[str] = set()
        for left in folder.glob(f"{FRESH}*"):  # an agent before this one was ended meanwhile
            self._folders.remove(left.name)

    def bring(self, source: int, told: Callable[[Imported | Importing], None]) -> Work:
        """Make a content of what a descriptor gives, which may be closed then."""

        def hear(fact: dict[str, Any]) -> None:
            told(Importing(**fact) if "files" in fact else Imported(**fact))

        return self._begin({}, source, hear)

    def _begin(self, asked: dict[str, Any], source: int, told: Told) -> Work:
        work = Work(self, asked, source, told)
        self._works.add(work)
        return work

    def over(self, work: Work, fresh: str) -> None:
        """Let go of a work, and of what it has left."""
        self._works.discard(work)
        self._folders.remove(fresh)

    # --- copies of disks ------------------------------------------------------------------------------

    def capture(self, wanted: Collection[Capture]) -> None:
        """Have disks copied, each once."""
        for one in wanted:
            self._copies.setdefault(one.id, _Copy(one))

    def holds(self, guest: str) -> bool:
        """True if a guest must not start, for a copy is made while it is down."""
        return any(copy.wanted.quiet and copy.wanted.guest == guest for copy in self._copies.values())

    @property
    def copied(self) -> set[str]:
        """The guests whose disks are needed for copies."""
        return {copy.wanted.guest for copy in self._copies.values()}

    def settle(self, processes: Mapping[str, GuestProcess], disks: Path) -> None:
        """Begin the copies that can be made now, and delete what nobody has."""
        for copy in self._copies.values():
            if copy.work is None and not (copy.wanted.quiet and copy.wanted.guest in processes):
                copy.work = self._copy(copy.wanted, disks / copy.wanted.guest)
        in_use = {content for process in processes.values() for content in process.guest.layers}
        in_use |= {content for copy in self._copies.values() for content in copy.wanted.base}
        for content in self._doomed - in_use:
            self._folders.remove(content)
        self._doomed &= in_use

    def _copy(self, wanted: Capture, disk: Path) -> Work:
        def hear(fact: dict[str, Any]) -> None:
            if "files" not in fact:
                del self._copies[wanted.id]
                self._tell(Captured(wanted.id, fact.get("content", ""), fact.get("error", "")))
                self._wake()

        null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        try:
            return self._begin({"disk": str(disk), "base": wanted.base}, null, hear)
        finally:
            os.close(null)

    def discard(self, contents: Collection[str]) -> None:
        """Have contents deleted as soon as no guest has them."""
        self._doomed |= {content for content in contents if NAME.fullmatch(content)}
