"""One command inside a guest, for one client."""

import contextlib
import os
import signal
from collections.abc import Mapping
from functools import partial
from typing import Any, Protocol

from elastinet.fabric.contract.messages import Begun, Exec, Exited, Signal
from elastinet.fabric.guest import ends
from elastinet.fabric.guest.binder import Binder
from elastinet.fabric.guest.guest import GuestProcess
from elastinet.fabric.guest.port import GuestInterface
from elastinet.fabric.guest.spawning import Spawning

NOT_RUN = 125
"""The status of a command that could not be run for a reason of ours, as docker and env have it."""


class Send(Protocol):
    """Tells the client something, perhaps with descriptors; these stay the caller's."""

    def __call__(self, message: Begun | Exited, *fds: int) -> None: ...


class Execution:
    """A running command, the client who gets its status, and the interfaces that it has for itself."""

    def __init__(
        self,
        request: Exec,
        binder: Binder,
        spawning: Spawning,
        send: Send,
    ) -> None:
        self._request = request
        self._binder = binder
        self._spawning = spawning
        self._send = send
        self._ports: list[GuestInterface] = []
        self._pid = 0
        self._early: list[int] = []
        self._refusal = ""

    def start(self, processes: Mapping[str, GuestProcess]) -> None:
        """Have the command started, or say why it cannot be."""
        process = processes.get(self._request.guest)
        if process is None or not process.ready or process.asked:
            self._fail(f"{self._request.guest} is not running")
        elif not self._request.argv:
            self._fail("a command needs a name")
        else:
            ready = partial(self._bound, process)
            self._ports = self._binder.bind(process, self._request.bind, ready)

    def _bound(self, process: GuestProcess, refusal: str) -> None:
        """Start the command once it has its interfaces; guest and client may have gone meanwhile."""
        if refusal or process.asked or process.ended or signal.SIGKILL in self._early:
            self._fail(refusal or f"{process.guest.id} is not running")
            return
        request = self._request
        kinds = ends.ON_TERMINAL if request.tty else ends.TOGETHER if request.together else ends.PIPES
        options: dict[str, Any] = {"env": request.env, "size": request.size, "cwd": request.cwd}
        self._spawning.run(process.init, request.argv, kinds, self._hear, **options)

    def _hear(self, fact: dict[str, Any]) -> None:
        if "ends" in fact:
            self._hand_over(fact["ends"], fact["fds"])
        elif "pid" in fact:
            self._pid = fact["pid"]
            for number in self._early:
                self._kill(number)
        elif "exit" in fact:
            self._pid = 0
            self._end(Exited(NOT_RUN, self._refusal) if self._refusal else Exited(fact["status"]))
        elif "error" in fact:
            self._end(Exited(NOT_RUN, fact["error"]))

    def _hand_over(self, number: int, fds: list[int]) -> None:
        """Give the client the other ends of the command's descriptors; without one it is to end."""
        if len(fds) == number:
            self._send(Begun(), *fds)
        else:
            self._refusal = "the agent has no descriptor left for it"
            self.abandon()
        for fd in fds:
            os.close(fd)

    def _fail(self, why: str) -> None:
        self._end(Exited(NOT_RUN, why))

    def _end(self, how: Exited) -> None:
        """Give the interfaces back, and only then tell the client."""
        ports, self._ports = self._ports, []
        self._binder.release(ports, lambda: self._send(how))

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
