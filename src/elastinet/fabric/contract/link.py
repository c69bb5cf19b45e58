"""The engine's end of the agent's socket."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

from elastinet.fabric.contract.messages import Desire, Fact, Listener, Measure, News
from elastinet.fabric.contract.protocol import Inbox, connect_to_own

log = logging.getLogger(__name__)

_encode = msgspec.json.Encoder().encode
_decode: Callable[[bytes], Fact] = msgspec.json.Decoder(Fact).decode
RETRY_SECONDS = 0.05
MOST_LOGGED = 200


class AgentLink:
    """A connection to the agent, made again whenever it is lost.

    `on_fact` gets what the agent says, `on_listener` the sockets that it hands over; `on_up` and `on_down`
    tell when the agent has come and gone.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_fact: Callable[[News], None],
        on_listener: Callable[[Listener, socket.socket], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self._path = path
        self._on_fact, self._on_listener = on_fact, on_listener
        self._on_up, self._on_down = on_up, on_down
        self._connection: socket.socket | None = None
        self._inbox = Inbox()
        self._waiting = bytearray()

    @property
    def is_up(self) -> bool:
        """True if the agent is connected."""
        return self._connection is not None

    async def run(self) -> None:
        """Keep connecting, for as long as the engine lives."""
        while True:
            if self._connection is None:
                self._connect()
            await asyncio.sleep(RETRY_SECONDS)

    def _connect(self) -> None:
        try:
            connection = connect_to_own(self._path)
        except OSError:
            return  # the agent is not there yet, or there is no descriptor left: it is tried again
        connection.setblocking(False)
        self._connection, self._inbox, self._waiting = connection, Inbox(), bytearray()
        asyncio.get_running_loop().add_reader(connection, self._read)
        self._on_up()

    def send(self, message: Desire | Measure) -> None:
        """Ask the agent for a network; while it is away this is lost, and asked whole on its return."""
        if self._connection is not None:
            self._waiting += _encode(message) + b"\n"
            self._write()

    def _write(self) -> None:
        connection, loop = self._connection, asyncio.get_running_loop()
        if connection is None:
            return
        try:
            sent = connection.send(self._waiting) if self._waiting else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lose()
            return
        del self._waiting[:sent]
        if self._waiting:
            loop.add_writer(connection, self._write)
        else:
            loop.remove_writer(connection)

    def _read(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            is_open = self._inbox.fill(connection)
        except BlockingIOError:
            return
        except OSError:
            is_open = False
        for line in self._inbox.lines():
            if (fact := _read(line)) is not None:
                self._take(fact)
        if not is_open:
            self._lose()

    def _take(self, fact: Fact) -> None:
        if not isinstance(fact, Listener):
            self._on_fact(fact)
        elif self._inbox.fds:
            self._on_listener(fact, socket.socket(fileno=self._inbox.fds.pop(0)))
        else:
            log.error("the agent told of a listener of %s and sent none", fact.network)

    def _lose(self) -> None:
        connection = self._connection
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(connection)
        loop.remove_writer(connection)
        connection.close()
        self._inbox.close()
        self._connection = None
        log.warning("the fabric agent is away")
        self._on_down()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _read(line: bytes) -> Fact | None:
    """A fact of the agent's; one that is not known is said in the log, and the others go on."""
    try:
        return _decode(line)
    except msgspec.DecodeError as error:
        log.error(
            "the agent said what is no fact: %s: %s", error, line[:MOST_LOGGED].decode(errors="replace")
        )
        return None
