"""HTTP whose answers leave in one piece.

Uvicorn writes an answer's head and its body apart. Terraform's provider takes a head that comes alone for
a broken answer now and then: it closes the connection and asks again, which a call that makes something
does not survive.
"""

import asyncio
from typing import Any

from elastinet.serve.connections import Connections
from elastinet.serve.guarded import GuardedProtocol


class Gathering:
    """A transport that sends what was written in one turn of the loop at its end."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._parts: list[bytes] = []
        self._ended = False

    def write(self, data: bytes) -> None:
        """Send some bytes soon, together with those that follow at once; none after the end.

        Uvicorn lets a client go on (100 Continue) whose connection has been refused meanwhile.
        """
        if self._ended:
            return
        if not self._parts:
            asyncio.get_running_loop().call_soon(self._flush)
        self._parts.append(data)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.writelines(parts)

    def write_eof(self) -> None:
        """Send what waits, then no more."""
        self._flush()
        self._ended = True
        self._transport.write_eof()

    def close(self) -> None:
        """Send what waits, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class OneWriteProtocol(GuardedProtocol):
    """A connection of the API's."""

    def connection_made(self, transport: Any) -> None:
        """Gather what is written to it."""
        super().connection_made(Gathering(transport))


def api_protocol(room: Connections, at: str = "") -> type[OneWriteProtocol]:
    """The protocol of the API's connections, which take their places in a room, `at` one of its sockets."""

    class ApiProtocol(OneWriteProtocol):
        """A connection that knows its room; uvicorn makes it from a class."""

        where = at

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, room=room, **named)

    return ApiProtocol
