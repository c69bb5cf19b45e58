"""Port 22 of an instance: who knocks first starts its ssh server, which has the port from then on.

Until then the agent listens there, so that an instance that nobody logs in to has no process for it. It takes
nothing from who knocks: the connection becomes a descriptor of a program in the instance. The port is held
while it changes hands, so that nobody is refused.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any

from elastinet.fabric.guest import port_hold
from elastinet.fabric.guest.spawning import Told
from elastinet.fabric.guest.ssh_port import LISTEN, PORT, PREPARE, SESSION, WAITING
from elastinet.fabric.kernel.loop import Concern, Loop
from elastinet.fabric.kernel.netlink import Message

Run = Callable[[str, Sequence[int], Told], None]
"""Starts the script in the instance for one of these, with a connection or none."""
SETTLING_SECONDS, LONGEST_SECONDS = 0.1, 10.0
"""So long a connection that has begun may take to come, and the ssh server to listen."""


class Door:
    """The port of one boot."""

    def __init__(
        self,
        fd: int,
        namespace: Callable[[], int],
        loop: Loop,
        about: Concern,
        run: Run,
        say: Callable[[str], None],
    ) -> None:
        """The descriptor belongs to this from now on; `namespace` tells that of the instance's network."""
        self._listener = socket.socket(fileno=fd)
        self._listener.setblocking(False)
        self._loop, self._about, self._run, self._say = loop, about, run, say
        self._namespace = namespace
        self._is_open, self._is_held = True, False

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
        self._is_held = True
        self._filter(port_hold.hold(PORT), self._held)

    def _held(self, why: str) -> None:
        """Serve who has come, and go on once those have who had begun to connect."""
        if why:
            self._say(f"port {PORT} is not held while it changes hands: {why}")
        self._serve()
        self._loop.later(SETTLING_SECONDS, self._hand_over, self._about)

    def _hand_over(self) -> None:
        if self._is_open:
            self._serve()
            self._stop_listening()
            self._loop.later(LONGEST_SECONDS, self._release, self._about)
            self._run(LISTEN, (), self._listens)

    def _serve(self) -> None:
        for connection in self._waiting() if self._is_open else ():
            with closing(connection):
                self._run(SESSION, (connection.fileno(),), partial(self._ended, "a session"))

    def _waiting(self) -> Iterator[socket.socket]:
        with suppress(OSError):  # nobody is left, or they have gone again
            for _ in range(2 * WAITING):
                yield self._listener.accept()[0]

    def _listens(self, fact: dict[str, Any]) -> None:
        """Hear that the ssh server listens, or that there is none."""
        self._ended("the ssh server", fact)
        if fact.keys() & {"error", "exit"}:
            self._release()

    def _release(self) -> None:
        if self._is_held:
            self._is_held = False
            self._filter(port_hold.release(), self._released)

    def _released(self, why: str) -> None:
        if why:
            self._say(f"port {PORT} is still held: {why}")

    def _filter(self, messages: list[Message], then: Callable[[str], None]) -> None:
        try:
            port_hold.tell(self._namespace(), messages, self._loop, self._about, then)
        except OSError as error:
            then(str(error))

    def _ended(self, what: str, fact: dict[str, Any]) -> None:
        if "error" in fact:
            self._say(f"{what}: {fact['error']}")

    def close(self) -> None:
        """Listen no more, and hold nothing: the instance's network ends, and so does its descriptor."""
        self._is_held = False
        self._stop_listening()

    def _stop_listening(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.forget(self._listener.fileno())
            self._listener.close()
