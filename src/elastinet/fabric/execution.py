"""One command inside a guest, for one client."""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any

from elastinet.fabric.guest import Life
from elastinet.fabric.messages import Exec, Exited, Signal
from elastinet.fabric.spawning import Spawning

NOT_RUN = 125
"""The status of a command that could not be run for a reason of ours, as docker and env have it."""


class Execution:
    """A running command and the client who gets its status."""

    def __init__(self, request: Exec, fds: list[int], send: Callable[[Exited], None]) -> None:
        self._request = request
        self._fds = fds[:3]
        self._send = send
        self._pid = 0
        self._abandoned = False

    def start(self, lives: Mapping[str, Life], spawning: Spawning) -> None:
        """Have the command started, or say why it cannot be."""
        life = lives.get(self._request.guest)
        if life is None or not life.ready or life.asked:
            self._send(Exited(NOT_RUN, f"{self._request.guest} is not running"))
        elif len(self._fds) != 3 or not self._request.argv:
            self._send(Exited(NOT_RUN, "a command needs a name and three descriptors"))
        else:
            request = self._request
            options = {"env": request.env, "tty": request.tty, "cwd": request.cwd}
            spawning.run(life.init, request.argv, self._fds, self._hear, **options)

    def _hear(self, fact: dict[str, Any]) -> None:
        if "pid" in fact:
            self._pid = fact["pid"]
            if self._abandoned:
                self._kill(signal.SIGKILL)
        elif "exit" in fact:
            self._pid = 0
            self._send(Exited(fact["status"]))
        elif "error" in fact:
            self._send(Exited(NOT_RUN, fact["error"]))

    def pass_on(self, message: Signal) -> None:
        """Pass a signal to the command's process group."""
        self._kill(message.number)

    def abandon(self) -> None:
        """End the command, because its client has gone."""
        self._abandoned = True
        self._kill(signal.SIGHUP)
        self._kill(signal.SIGKILL)

    def _kill(self, number: int) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, number)
