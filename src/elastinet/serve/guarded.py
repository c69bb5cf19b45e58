"""HTTP with limits: a request's parts are counted as they come in, before they are parsed or kept."""

import socket
from collections.abc import Hashable
from http import HTTPStatus
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from elastinet.serve.connections import NEVER, Connections

PIECE = 1 << 14
"""So many bytes are parsed before what came of them is looked at."""
MOST_PIPELINED = 16
UNHEARD_BYTES, UNHEARD_SECONDS = 1 << 20, 2
"""So much is let go of a request that has been refused, before its connection ends."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection of a listener; `where` is its socket, if an address at another is somebody else's."""

    where = ""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: Any = None,
        *,
        room: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.room, self.bounds = room, room.bounds
        self.caller: Hashable = None
        self.deadline = NEVER
        self._unanswered: list[RequestResponseCycle] = []
        self._message_ended = True
        self._head_bytes = self._body_bytes = 0
        self._unsent = NEVER
        self._unheard = -1  # bytes that are still let go, once a request has been refused

    # --- a connection's life ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Take the connection in, or end it where there are too many."""
        super().connection_made(transport)
        if self.caller is None:
            self.caller = self.where, self.client[0] if self.client else ""
        self._allow(self.bounds.head_seconds)
        if self._is_nobody_s(transport) or not self.room.enter(self):
            self.abort()

    def _is_nobody_s(self, transport: Any) -> bool:
        """True if the client left before it was accepted, so that its address is no longer known."""
        own = transport.get_extra_info("socket")
        return self.client is None and (own is None or own.family != socket.AF_UNIX)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another."""
        self.room.leave(self)
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def abort(self) -> None:
        """End the connection; what has not been sent is lost."""
        self.transport.abort()

    def expire(self, now: float) -> None:
        """End a connection that is late, unless its client is still taking in what it was sent."""
        unsent = self.transport.get_write_buffer_size()
        if 0 < unsent < self._unsent:
            self._unsent, self.deadline = float(unsent), now + self.bounds.idle_seconds
        else:
            self.abort()

    def _allow(self, seconds: float) -> None:
        self.deadline = self.loop.time() + seconds

    # --- what comes in ----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse what has come a piece at a time, until a limit is reached."""
        self._unset_keepalive_if_required()
        for start in range(0, len(data), PIECE):
            if self._unheard >= 0:
                self._let_go(len(data) - start)
            if self._unheard >= 0 or self.transport.is_closing():
                return
            self._parse(data[start : start + PIECE])

    def _let_go(self, count: int) -> None:
        self._unheard -= count
        if self._unheard < 0:
            self.abort()

    def _parse(self, piece: bytes) -> None:
        body_before = self._body_bytes
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            pass  # no other protocol is spoken here; the request itself is answered
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no HTTP request.")
            return
        self._head_bytes += len(piece) - max(0, self._body_bytes - body_before)
        self._check()

    def _check(self) -> None:
        bounds = self.bounds
        if self._head_bytes > bounds.head_bytes or len(self.headers or ()) > bounds.fields:
            sentence = (
                f"A request's head has {bounds.head_bytes} bytes and {bounds.fields} fields at the most."
            )
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence)
        elif self._body_bytes > bounds.body_bytes:
            sentence = f"A body has {bounds.body_bytes} bytes at the most."
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
        elif len(self.pipeline) > MOST_PIPELINED:
            sentence = f"{MOST_PIPELINED} requests at the most are sent before the first is answered."
            self._refuse(HTTPStatus.TOO_MANY_REQUESTS, sentence)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        """Answer what is not read to its end; the client hears it, if what it still sends is not much."""
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        self.pipeline.clear()
        body = f"{sentence}\n"
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:  # TLS knows no half of a connection
            self.transport.close()
        self._unheard = UNHEARD_BYTES
        self._allow(UNHEARD_SECONDS)

    def on_message_begin(self) -> None:
        """Count from here."""
        super().on_message_begin()
        self._head_bytes = self._body_bytes = 0
        self._message_ended = False
        self._allow(self.bounds.head_seconds)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        super().on_headers_complete()
        before = (cycle for cycle in self._unanswered if not cycle.response_complete)
        self._unanswered = [*before, self.cycle]
        self._allow(self.bounds.body_seconds)

    def on_body(self, body: bytes) -> None:
        """Count, and take what may come."""
        self._body_bytes += len(body)
        if self._body_bytes <= self.bounds.body_bytes:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Have the client wait from here on: an answer takes the time that it takes."""
        super().on_message_complete()
        self._message_ended = True
        if self.cycle.response_complete:
            self._wait()
        else:
            self._work()

    def _work(self) -> None:
        self.deadline = NEVER
        self.room.works(self)

    # --- what goes out ----------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of the one that has been answered already."""
        super().on_response_complete()
        if self._message_ended:
            self._wait()

    def _wait(self) -> None:
        """Wait for the client, once nothing more is to be answered."""
        if self.cycle.response_complete:
            self._unsent = NEVER
            self._allow(self.bounds.idle_seconds)
            self.room.waits(self)

    def pause_writing(self) -> None:
        """Not wait for ever for a client that reads nothing."""
        super().pause_writing()
        self._unsent = NEVER
        self._allow(self.bounds.idle_seconds)
        self.room.waits(self)

    def resume_writing(self) -> None:
        """Go on with an answer."""
        super().resume_writing()
        if self._message_ended and self.cycle is not None and not self.cycle.response_complete:
            self._work()
