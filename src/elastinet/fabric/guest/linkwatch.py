"""Hears that a device is up again which a guest's root has set down: the kernel has taken its routes."""

import errno
import socket
import struct
from collections.abc import Callable

from elastinet.fabric.kernel import kernel, rtnl
from elastinet.fabric.kernel.loop import GuestConcern, Loop
from elastinet.fabric.kernel.netlink import attributes, parse

LINKS = 0x1
NAME = 3
BUFFER = 1 << 16
MOST_MESSAGES = 256
PAUSE_SECONDS = 0.1
"""A guest's root may set devices down and up without an end; a few are looked at, ten times a second."""


class LinkWatch:
    """A multicast socket in a guest's network namespace; OSError if this machine has none to give."""

    def __init__(
        self, namespace: int, loop: Loop, about: GuestConcern, is_back: Callable[[str], None]
    ) -> None:
        self._loop, self._about, self._is_back = loop, about, is_back
        self._is_up: dict[int, bool] = {}
        self._names: dict[int, str] = {}
        self._socket = _listen(namespace)
        self._open = True
        self._watch()

    def _watch(self) -> None:
        if self._open:
            self._loop.watch(self._socket.fileno(), self._hear, self._about)

    def _hear(self) -> None:
        """Take in what has happened, and rest."""
        self._loop.forget(self._socket.fileno())
        self._loop.later(PAUSE_SECONDS, self._watch, self._about)
        for index in self._back():
            self._is_back(self._names[index])

    def _back(self) -> set[int]:
        """The devices that have been down and are up; all, if more has happened than could be kept."""
        back: set[int] = set()
        for _ in range(MOST_MESSAGES):
            try:
                data = self._socket.recv(BUFFER)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                return set(self._names)
            for kind, _port, body in parse(data):
                back |= self._follow(kind, body)
        return back & self._names.keys()

    def _follow(self, kind: int, body: bytes) -> set[int]:
        """Take in one device's state; a new one that comes up for the first time has not been down."""
        family, _kind, index, flags, _change = struct.unpack_from("=BxHiII", body)
        if family != socket.AF_UNSPEC:  # of its bridge, which it may leave
            return set()
        if kind == rtnl.DELLINK:
            self._is_up.pop(index, None)
            self._names.pop(index, None)
            return set()
        self._names[index] = (
            next(value for kind, value in attributes(body, 16) if kind == NAME)
            .rstrip(b"\0")
            .decode(errors="replace")
        )
        is_up, was_up = bool(flags & rtnl.UP), self._is_up.get(index)
        if is_up or was_up is not None:
            self._is_up[index] = is_up
        return {index} if is_up and was_up is False else set()

    def close(self) -> None:
        """Hear no more."""
        if self._open:
            self._open = False
            self._loop.forget(self._socket.fileno())
            self._socket.close()


def _listen(namespace: int) -> socket.socket:
    """Open the socket; this thread comes back."""
    with kernel.visit(namespace):
        listener = socket.socket(
            socket.AF_NETLINK,
            socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
            socket.NETLINK_ROUTE,
        )
        try:
            listener.bind((0, LINKS))
        except OSError:
            listener.close()
            raise
        return listener
