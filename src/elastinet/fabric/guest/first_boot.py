"""User data as it is run: one program after the other, those of a disk's life once, whatever happens."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from elastinet.fabric.contract import boot_record
from elastinet.fabric.contract.boot_record import BootRecord
from elastinet.fabric.guest.console import Console
from elastinet.fabric.guest.first_programs import Program, Reading
from elastinet.fabric.guest.spawning import Told
from elastinet.fabric.kernel.loop import Concern, Loop

AGAIN_SECONDS = 5.0
LONG_SECONDS = 60
Run = Callable[[Program, Told], None]
"""Starts a program in the guest, and tells of it: an error, or its exit status."""


class FirstBoot:
    """The user data of one boot."""

    def __init__(self, disk: Path, console: Console, loop: Loop, about: Concern, run: Run) -> None:
        self._disk = disk
        self._console, self._run = console, run
        self._later = partial(loop.later, about=about)
        self._record = BootRecord()
        self._waiting: list[Program] = []
        self._running: Program | None = None
        self._are_many = False
        self._statuses: list[int] = []

    def begin(self, reading: Reading) -> None:
        """Run what has to be run at this boot, and say what cannot be run at all."""
        has_run = self._recall()
        self._waiting = [one for one in reading.programs if one.when == "boot" or not has_run(one)]
        self._are_many = len(self._waiting) > 1
        self._record.unread = reading.unread
        for sentence in reading.unread:
            self._say(sentence)
        if reading.programs or reading.unread:
            self._next()

    def _recall(self) -> Callable[[Program], bool]:
        """Read the disk's memory; gives whether a program has been begun in its life."""
        try:
            kept = boot_record.read(self._disk)
        except ValueError as error:
            self._say(f"nobody knows whether it has run, and it is not run again: {error}")
            return lambda _program: True
        if kept is None:
            return lambda _program: False
        if kept.untold:
            return lambda _program: True
        self._record = kept
        return lambda program: program.path in self._record.ended

    def _next(self) -> None:
        program = self._waiting[0] if self._waiting else None
        if program:
            self._record.ended[program.path] = None
        try:
            self._keep()
        except OSError as error:
            self._say(str(error))
            self._later(AGAIN_SECONDS, self._next)
            return
        if program:
            self._running = self._waiting.pop(0)
            self._run(program, partial(self._told, program))
            self._later(LONG_SECONDS, partial(self._mention, program))
        elif self._statuses:
            self._say(f"ended with status {next(filter(None, self._statuses), 0)}")

    def _keep(self) -> None:
        """Note what is about to run before it does: what was begun once is never begun again."""
        boot_record.write(self._disk, self._record)

    def _told(self, program: Program, fact: dict[str, Any]) -> None:
        """Hear of a program; what could not be started tells why, and may end after that."""
        if program is not self._running or not fact.keys() & {"error", "exit"}:
            return
        self._running = None
        if "error" in fact:
            self._say(fact["error"])
            del self._record.ended[program.path]  # it has not run: the next boot tries again
        else:
            status = self._record.ended[program.path] = fact["status"]
            self._statuses.append(status)
            if self._are_many:
                self._say(f"{program.path} ended with status {status}")
        self._next()

    def _mention(self, program: Program) -> None:
        if program is self._running:
            self._say(f"{program.path} still runs after {LONG_SECONDS} seconds")

    def _say(self, sentence: str) -> None:
        self._console.say(f"user data: {sentence}")
