"""Port 22 of an instance: who knocks first starts its ssh server, which has the port from then on.

Until then the agent listens there, so that an instance that nobody logs in to has no process for it. It takes
nothing from who knocks: the connection becomes a descriptor of a program in the instance.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any

from elastinet.fabric.guest.spawning import Told
from elastinet.fabric.guest.ssh_port import LISTEN, PORT, PREPARE, SESSION, WAITING
from elastinet.fabric.kernel.loop import Concern, Loop

Run = Callable[[str, Sequence[int], Told], None]
"""Starts the script in the instance for one of these, with a connection or none."""


class Door:
    """The port of one boot."""

    def __init__(self, fd: int, loop: Loop, about: Concern, run: Run, say: Callable[[str], None]) -> None:
        """The descriptor belongs to this from now on."""
        self._listener = socket.socket(fileno=fd)
        self._listener.setblocking(False)
        self._loop, self._about, self._run, self._say = loop, about, run, say
        self._is_open = True

    def listen(self) -> None:
        """Begin to hear; raises OSError."""
        self._loop.watch(self._listener.fileno(), self._knocked, self._about)

    def _knocked(self) -> None:
        self._loop.forget(self._listener.fileno())
        self._run(PREPARE, (), self._prepared)

    def _prepared(self, fact: dict[str, Any]) -> None:
        """Hand the port over, if the instance is ready for it."""
        if not self._is_open or not fact.keys() & {"error", "exit"}:
            return
        if why := fact.get("error") or (f"it ended with status {fact['status']}" if fact["status"] else ""):
            self._say(f"nobody can log in at port {PORT}: {why}")
            self.close()
            return
        came = list(self._waiting())
        self.close()
        self._run(LISTEN, (), partial(self._ended, "the ssh server"))
        for connection in came:
            with closing(connection):
                self._run(SESSION, (connection.fileno(),), partial(self._ended, "a session"))

    def _waiting(self) -> Iterator[socket.socket]:
        with suppress(OSError):  # nobody is left, or they have gone again
            for _ in range(WAITING):
                yield self._listener.accept()[0]

    def _ended(self, what: str, fact: dict[str, Any]) -> None:
        if "error" in fact:
            self._say(f"{what}: {fact['error']}")

    def close(self) -> None:
        """Listen no more: the port is the instance's."""
        if self._is_open:
            self._is_open = False
            self._loop.forget(self._listener.fileno())
            self._listener.close()
