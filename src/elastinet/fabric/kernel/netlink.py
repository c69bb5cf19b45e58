"""One netlink socket in one network namespace: batches out, acknowledgements in."""

import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Protocol

HEADER = struct.Struct("=IHHII")
REQUEST, ACK, REPLACE, EXCLUSIVE, CREATE, DUMP = 0x1, 0x4, 0x100, 0x200, 0x400, 0x300
ERROR, DONE = 2, 3
NETFILTER = 12
SOL_NETLINK, CAP_ACK, EXTENDED_ACK = 270, 10, 11
BATCH = 1 << 15
BUFFER = 1 << 20

Message = tuple[int, int, bytes]
"""A message's type, its flags, and its body behind the header."""


class Netlink(Protocol):
    """Messages to the kernel of one network namespace, and its answers."""

    @property
    def port(self) -> int:
        """The number by which the kernel tells others who has changed something."""

    def send(self, messages: Sequence[Message]) -> list[OSError | None]:
        """Have every message done in order; give one answer per message, None for success."""

    def dump(self, message: Message) -> Iterator[tuple[int, bytes]]:
        """Ask for all objects of a kind; give each one's type and body."""

    def close(self) -> None:
        """Ask no more."""


class NetlinkSocket:
    """A socket that belongs to the namespace of the thread that opens it."""

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            self._socket.setsockopt(SOL_NETLINK, CAP_ACK, 1)
            self._socket.setsockopt(SOL_NETLINK, EXTENDED_ACK, 1)
            self._socket.bind((0, 0))
        except OSError:
            self._socket.close()
            raise
        self._sequence = 0
        self._port: int = self._socket.getsockname()[0]

    @property
    def port(self) -> int:
        """The number by which the kernel tells others who has changed something."""
        return self._port

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, messages: Sequence[Message]) -> list[OSError | None]:
        """Have every message done in order; give one answer per message, None for success."""
        answers: list[OSError | None] = []
        batch: list[bytes] = []
        for message in messages:
            batch.append(self._packed(message, ACK))
            if sum(map(len, batch)) > BATCH or len(batch) == 128:
                answers += self._exchange(batch, len(batch))
                batch = []
        return answers + self._exchange(batch, len(batch)) if batch else answers

    def transact(self, messages: Sequence[Message]) -> list[OSError | None]:
        """Have all messages between the first and the last done, or none; give one answer for each."""
        first, *inner, last = messages
        packed = [self._packed(first, 0), *(self._packed(one, ACK) for one in inner), self._packed(last, 0)]
        return self._exchange(packed, len(inner))

    def dump(self, message: Message) -> Iterator[tuple[int, bytes]]:
        """Ask for all objects of a kind; give each one's type and body."""
        self._socket.send(self._packed(message, DUMP))
        while True:
            for kind, _sequence, body in parse(self._socket.recv(BUFFER)):
                if kind == DONE:
                    return
                if kind == ERROR:
                    raise failure(body) or OSError(errno.EPROTO, "an empty answer to a dump")
                yield kind, body

    def get(self, message: Message) -> bytes:
        """Ask for one object; give its body, or raise what the kernel answers instead."""
        self._socket.send(self._packed(message, 0))
        ((kind, _port, body),) = parse(self._socket.recv(BUFFER))
        if kind == ERROR:
            raise failure(body) or OSError(errno.EPROTO, "an empty answer to a question")
        return body

    def _packed(self, message: Message, flags: int) -> bytes:
        self._sequence += 1
        kind, own, body = message
        return HEADER.pack(HEADER.size + len(body), kind, REQUEST | own | flags, self._sequence, 0) + body

    def _exchange(self, batch: list[bytes], asked: int) -> list[OSError | None]:
        """Send one batch and read an acknowledgement for each of its messages that asks for one."""
        self._socket.send(b"".join(batch))
        answers: list[OSError | None] = []
        while len(answers) < asked:
            answers += [failure(body) for kind, _, body in parse(self._socket.recv(BUFFER)) if kind == ERROR]
        return answers


def change(messages: Sequence[Message]) -> None:
    """Have messages done in the namespace that this thread is in; raises the first refusal."""
    with contextlib.closing(NetlinkSocket()) as netlink:
        for error in netlink.send(messages):
            if error:
                raise error


def parse(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Split what one receive gave into messages: type, sender's port, body."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, _flags, _sequence, port = HEADER.unpack_from(data, at)
        yield kind, port, data[at + HEADER.size : at + length]
        at += (length + 3) & ~3


def failure(body: bytes) -> OSError | None:
    """Read an acknowledgement; the kernel's own sentence, where it gives one, is the message."""
    (number,) = struct.unpack_from("=i", body)
    if not number:
        return None
    text = next((value[:-1].decode() for kind, value in attributes(body, 20) if kind == 1), "")
    return OSError(-number, text or os.strerror(-number))


def attribute(kind: int, value: bytes) -> bytes:
    """One attribute, padded."""
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def attributes(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Walk the attributes of a message from an offset on."""
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        if length < 4:
            return
        yield kind & 0x3FFF, body[at + 4 : at + length]
        at += (length + 3) & ~3
