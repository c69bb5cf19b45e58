"""One command inside a guest, for one client."""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from elastinet.fabric.binder import Binder
from elastinet.fabric.guest import Life
from elastinet.fabric.messages import Exec, Exited, Signal
from elastinet.fabric.port import Port
from elastinet.fabric.spawning import Spawning

NOT_RUN = 125
"""The status of a command that could not be run for a reason of ours, as docker and env have it."""


class Execution:
    """A running command, the client who gets its status, and the interfaces that it has for itself."""

    def __init__(
        self,
        request: Exec,
        fds: list[int],
        binder: Binder,
        spawning: Spawning,
        send: Callable[[Exited], None],
    ) -> None:
        self._request = request
        self._fds = fds
        self._binder = binder
        self._spawning = spawning
        self._send = send
        self._ports: list[Port] = []
        self._pid = 0
        self._early: list[int] = []

    def start(self, lives: Mapping[str, Life]) -> None:
        """Have the command started, or say why it cannot be."""
        life = lives.get(self._request.guest)
        if life is None or not life.ready or life.asked:
            self._fail(f"{self._request.guest} is not running")
        elif len(self._fds) != 3 or not self._request.argv:
            self._fail("a command needs a name and three descriptors")
        else:
            ready = partial(self._bound, life)
            self._ports = self._binder.bind(life, self._request.bind, ready)

    def _bound(self, life: Life, refusal: str) -> None:
        """Start the command once it has its interfaces; guest and client may have gone meanwhile."""
        if refusal or life.asked or life.ended or signal.SIGKILL in self._early:
            self._fail(refusal or f"{life.guest.id} is not running")
            return
        request = self._request
        options = {"env": request.env, "tty": request.tty, "cwd": request.cwd}
        self._spawning.run(life.init, request.argv, self._fds, self._hear, **options)
        self._close()

    def _hear(self, fact: dict[str, Any]) -> None:
        if "pid" in fact:
            self._pid = fact["pid"]
            for number in self._early:
                self._kill(number)
        elif "exit" in fact:
            self._pid = 0
            self._end(Exited(fact["status"]))
        elif "error" in fact:
            self._end(Exited(NOT_RUN, fact["error"]))

    def _fail(self, why: str) -> None:
        self._close()
        self._end(Exited(NOT_RUN, why))

    def _end(self, how: Exited) -> None:
        """Give the interfaces back, and only then tell the client."""
        ports, self._ports = self._ports, []
        self._binder.release(ports, lambda: self._send(how))

    def _close(self) -> None:
        """Close the command's descriptors here."""
        while self._fds:
            os.close(self._fds.pop())

    def pass_on(self, message: Signal) -> None:
        """Pass a signal to the command's process group."""
        self._kill(message.number)

    def abandon(self) -> None:
        """End the command, because its client has gone."""
        self._kill(signal.SIGHUP)
        self._kill(signal.SIGKILL)

    def _kill(self, number: int) -> None:
        """Send the command's processes a signal; one that is not there yet gets it first of all.

        A process that has only just been forked leads no group yet.
        """
        if not self._pid:
            self._early.append(number)
            return
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                send(self._pid, number)
                return
