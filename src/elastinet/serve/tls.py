"""TLS in front of the API: a connection has its place, and its limits, before it has shaken hands."""

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Generator, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar

from elastinet.serve.connections import Connections

HANDSHAKE_SECONDS = 10.0
T = TypeVar("T")


def context(file: Path) -> ssl.SSLContext:
    """What a server needs to answer with a file's key and certificates; raises OSError, ssl.SSLError."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    made.load_cert_chain(file)
    return made


class Begun(Generic[T]):
    """A coroutine that has run to its first wait at once, and goes on when it is awaited.

    A task would begin it a turn of the loop later. What the client has sent by then would be lost.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._waits_for = coroutine.send(None)

    def __await__(self) -> Generator[Any, Any, T]:
        waits_for = self._waits_for
        while True:
            step: Callable[[Any], Any] = self._coroutine.send
            try:
                came: Any = yield waits_for
            except BaseException as error:
                came, step = error, self._coroutine.throw
            try:
                waits_for = step(came)
            except StopIteration as ended:
                result: T = ended.value
                return result


class Door(asyncio.Protocol):
    """A connection until TLS is spoken on it; then another protocol has it."""

    def __init__(self, inner: Any, tls: ssl.SSLContext, room: Connections, where: str) -> None:
        self._inner, self._tls, self._room, self._where = inner, tls, room, where
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self.caller: Hashable = None
        self.deadline = self._loop.time() + HANDSHAKE_SECONDS

    def connection_made(self, transport: Any) -> None:
        """Take the connection in, and begin."""
        self._transport = transport
        client = transport.get_extra_info("peername")
        self.caller = self._where, client[0] if client else ""
        if not self._room.enter(self):
            self.abort()
            return
        begun = Begun(
            self._loop.start_tls(
                transport, self, self._tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
            )
        )
        self._task = self._loop.create_task(self._shake_hands(begun))

    async def _shake_hands(self, begun: "Begun[asyncio.Transport | None]") -> None:
        """Hand the connection on; one who speaks anything but TLS, or nothing, is let go."""
        try:
            secured = await begun
        except (OSError, ssl.SSLError, TimeoutError):
            self._room.leave(self)
            self.abort()
            return
        self._room.leave(self)
        if secured is not None:
            secured.set_protocol(self._inner)
            self._inner.connection_made(secured)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        self._room.leave(self)

    def expire(self, now: float) -> None:
        """End a handshake that takes too long."""
        self.abort()

    def abort(self) -> None:
        """End the connection."""
        self._transport.abort()


def behind(
    protocol: Callable[..., Any], file: Path, room: Connections, where: str = ""
) -> Callable[..., Door]:
    """A maker of connections that speak TLS before a protocol has them, `where` one of its sockets."""
    tls = context(file)

    def made(*given: Any, **named: Any) -> Door:
        return Door(protocol(*given, **named), tls, room, where)

    return made
