"""Names that no VPC knows: its resolver's questions, answered by asking the machine's own.

They are passed on as they are, to the servers that the machine asks (resolv.conf). The sockets are in the
VPCs' own namespaces, where only their resolvers reach them.
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from elastinet.fabric.contract.messages import Listener
from elastinet.fabric.contract.names import QUESTIONS64_PORT
from elastinet.serve.dns64 import Ask, ask_for_both
from elastinet.serve.sockets import Sockets

RESOLV_CONF = Path("/etc/resolv.conf")
PORT = 53
MOST_SERVERS, MOST_ASKED, MOST_CONNECTIONS = 3, 256, 32
"""So many questions by UDP, and connections, of a VPC are under way at the most; its others are not heard."""
PATIENCE_SECONDS = 2.0
IDLE_SECONDS = 10.0
HEADER, LENGTH = struct.Struct("!HBBHHHH"), struct.Struct("!H")
MOST_BYTES = 1 << 16
QUESTION, ANSWER, RECURSION_AVAILABLE, FAILED = 0x00, 0x80, 0x80, 2
Place = tuple[str, int]
"""A VPC and a port."""
Work = Coroutine[Any, Any, None]


def servers() -> list[str]:
    """The servers that the machine asks, as they are now."""
    try:
        lines = RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    words = (line.split() for line in lines)
    return [found[1] for found in words if len(found) > 1 and found[0] == "nameserver"][:MOST_SERVERS]


class Questions:
    """The open sockets by VPC and port, and what is under way for each."""

    def __init__(self) -> None:
        self._datagrams: dict[Place, asyncio.DatagramTransport] = {}
        self._streams: Sockets[Place] = Sockets()
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, fact: Listener, listener: socket.socket) -> None:
        """Answer a VPC's resolver on a socket, or that of its subnets with DNS64."""
        place = fact.network, fact.port
        with_ipv6 = fact.port == QUESTIONS64_PORT
        if fact.udp:
            ask = ask_both_by_datagram if with_ipv6 else ask_by_datagram
            self._start(self._open_datagrams(place, listener, ask))
        else:
            ask = ask_both_by_connection if with_ipv6 else ask_by_connection
            open_now: set[Connection] = set()
            self._streams.open(place, listener, lambda: Connection(open_now, self._start, ask))

    def close(self, network: str) -> None:
        """Answer no more in a VPC."""
        self._streams.close(lambda place: place[0] == network)
        for place in [place for place in self._datagrams if place[0] == network]:
            self._datagrams.pop(place).close()

    def close_all(self) -> None:
        """Answer nobody any more."""
        for network, _ in list(self._datagrams):
            self.close(network)
        self._streams.close(lambda _: True)

    async def _open_datagrams(self, place: Place, listener: socket.socket, ask: Ask) -> None:
        listener.setblocking(False)
        if before := self._datagrams.pop(place, None):
            before.close()
        loop = asyncio.get_running_loop()
        made, _ = await loop.create_datagram_endpoint(lambda: Datagrams(self._start, ask), sock=listener)
        self._datagrams[place] = made

    def _start(self, work: Work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Datagrams(asyncio.DatagramProtocol):
    """A VPC's questions by UDP."""

    def __init__(self, start: Callable[[Work], None], ask: Ask) -> None:
        self._start_work, self._ask, self._asked = start, ask, 0

    def connection_made(self, transport: Any) -> None:
        """Have the way for answers."""
        self._transport = transport

    def datagram_received(self, data: bytes, address: Any) -> None:
        """Take a question; one too many is not heard, and asked again."""
        if self._asked < MOST_ASKED and _is_question(data):
            self._asked += 1
            self._start_work(self._answer(data, address))

    async def _answer(self, question: bytes, address: Any) -> None:
        try:
            answer = await self._ask(question)
        finally:
            self._asked -= 1
        if not self._transport.is_closing():
            self._transport.sendto(answer, address)


class Once(asyncio.DatagramProtocol):
    """One question to one server, and its answer."""

    def __init__(self, question: bytes) -> None:
        self._question = question
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Ask."""
        transport.sendto(self._question)

    def datagram_received(self, data: bytes, _address: Any) -> None:
        """Take what answers the question, and nothing else."""
        if not self.answer.done() and _is_answer(data, self._question):
            self.answer.set_result(data)

    def error_received(self, error: Exception) -> None:
        """Hear that nobody listens there."""
        if not self.answer.done():
            self.answer.set_exception(error)


async def ask_by_datagram(question: bytes) -> bytes:
    """The answer of the first server that has one; that of a failure where none has."""
    for server in servers():
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await _ask_one(server, question)
    return failed(question)


async def ask_both_by_datagram(question: bytes) -> bytes:
    """The same for a subnet with DNS64."""
    return await ask_for_both(question, ask_by_datagram)


async def _ask_one(server: str, question: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, once = await loop.create_datagram_endpoint(lambda: Once(question), remote_addr=(server, PORT))
    try:
        return await once.answer
    finally:
        transport.close()


class Connection(asyncio.Protocol):
    """A VPC's questions over one connection, one after the other."""

    def __init__(self, others: "set[Connection]", start: Callable[[Work], None], ask: Ask) -> None:
        self._others, self._start_work, self._ask = others, start, ask
        self._data = asyncio.StreamReader(limit=MOST_BYTES)

    def connection_made(self, transport: Any) -> None:
        """Begin, unless there are too many."""
        self._transport = transport
        if len(self._others) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self._others.add(self)
        self._data.set_transport(transport)
        self._start_work(self._serve())

    def data_received(self, data: bytes) -> None:
        """Take what is asked."""
        self._data.feed_data(data)

    def eof_received(self) -> None:
        """Hear that no more is asked."""
        self._data.feed_eof()

    def connection_lost(self, _error: Exception | None) -> None:
        """Make room for another."""
        self._others.discard(self)
        self._data.feed_eof()

    async def _serve(self) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            while True:
                async with asyncio.timeout(IDLE_SECONDS):
                    question = await _read(self._data)
                if not _is_question(question):
                    break
                self._transport.write(_framed(await self._ask(question)))
        self._transport.close()


async def ask_by_connection(question: bytes) -> bytes:
    """The same over connections, for answers that no datagram holds."""
    for server in servers():
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection(server, PORT)
                try:
                    writer.write(_framed(question))
                    answer = await _read(reader)
                finally:
                    writer.close()
            if _is_answer(answer, question):
                return answer
    return failed(question)


async def ask_both_by_connection(question: bytes) -> bytes:
    """The same for a subnet with DNS64."""
    return await ask_for_both(question, ask_by_connection, MOST_BYTES - 1)


async def _read(reader: asyncio.StreamReader) -> bytes:
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return await reader.readexactly(length)


def _framed(message: bytes) -> bytes:
    return LENGTH.pack(len(message)) + message


def _is_question(data: bytes) -> bool:
    return len(data) > HEADER.size and data[2] & ANSWER == QUESTION


def _is_answer(data: bytes, question: bytes) -> bool:
    return len(data) >= HEADER.size and data[:2] == question[:2] and data[2] & ANSWER == ANSWER


def failed(question: bytes) -> bytes:
    """The answer that nobody could be asked (SERVFAIL), with the question as it was."""
    number, flags, _, asked, *_ = HEADER.unpack_from(question)
    header = HEADER.pack(number, flags | ANSWER, RECURSION_AVAILABLE | FAILED, asked, 0, 0, 0)
    return header + question[HEADER.size : _end(question, asked)]


def _end(question: bytes, count: int) -> int:
    """Where a message's questions end."""
    at = HEADER.size
    for _ in range(count):
        while at < len(question) and question[at]:
            at += 1 + question[at]
        at += 5
    return at
