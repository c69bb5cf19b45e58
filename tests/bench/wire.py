"""The cost of a path between two network namespaces, from one pinned thread that holds both sockets."""

import ctypes
import os
import socket
import statistics
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

BATCH, ROUNDS = 64, 7
PACKETS, PINGS, STREAM_BYTES = 20_000, 4_000, 256 << 20
CHUNK = 256 << 10
WAIT_FOR_ONE = 0x10000
ONE_SECOND = struct.pack("ll", 1, 0)


@dataclass(frozen=True)
class End:
    """A namespace (by a descriptor) and the address that answers there."""

    namespace: int
    address: str


Path = tuple[End, End]


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_size", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_size", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Message(ctypes.Structure):
    """One of a batch as the kernel has it (struct mmsghdr): how long it was comes behind the whole header."""

    _fields_ = (("header", Header), ("length", ctypes.c_uint32))


class Batch:
    """Room for as many datagrams as one system call takes, all in one buffer: what they say does not matter."""

    def __init__(self, size: int) -> None:
        self.room = ctypes.create_string_buffer(size)
        self.vector = Vector(ctypes.addressof(self.room), size)
        header = Header(vectors=ctypes.pointer(self.vector), vector_count=1)
        self.messages = (Message * BATCH)(*[Message(header)] * BATCH)


def within(namespace: int, work: Callable[[], socket.socket]) -> socket.socket:
    """Make a socket inside a namespace; this thread comes back."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.setns(namespace, 0x40000000) == 0, os.strerror(ctypes.get_errno())
    try:
        return work()
    finally:
        assert libc.setns(home, 0x40000000) == 0
        os.close(home)


def datagrams(path: Path) -> tuple[socket.socket, socket.socket]:
    """Two connected UDP sockets, one at each end."""

    def made(address: str) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, 0))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, ONE_SECOND)
        return made

    ends = [within(end.namespace, lambda end=end: made(end.address)) for end in path]
    ends[0].connect(ends[1].getsockname())
    ends[1].connect(ends[0].getsockname())
    for _ in range(3):  # the first packets find their neighbours and their connection's entry
        ends[0].send(b"x")
        ends[1].recv(1)
        ends[1].send(b"x")
        ends[0].recv(1)
    return ends[0], ends[1]


def packet_seconds(path: Path) -> float:
    """The time that one 64-byte datagram takes, sent and received in batches."""
    libc = ctypes.CDLL(None, use_errno=True)
    out, into = Batch(64), Batch(64)
    source, target = datagrams(path)
    with source, target:
        began, done = time.perf_counter(), 0
        while done < PACKETS:
            left = libc.sendmmsg(source.fileno(), out.messages, BATCH, 0)
            assert left > 0, os.strerror(ctypes.get_errno())
            done += left
            while left:
                got = libc.recvmmsg(target.fileno(), into.messages, left, WAIT_FOR_ONE, None)
                assert got > 0, f"{left} datagrams were lost"
                left -= got
        return (time.perf_counter() - began) / done


def round_trip_seconds(path: Path) -> float:
    """The time of one small question and answer."""
    source, target = datagrams(path)
    with source, target:
        began = time.perf_counter()
        for _ in range(PINGS):
            source.send(b"question")
            target.recv(64)
            target.send(b"answer")
            source.recv(64)
        return (time.perf_counter() - began) / PINGS


def stream_seconds(path: Path) -> float:
    """The time that a byte takes in a TCP stream."""
    listener = within(path[1].namespace, lambda: socket.create_server((path[1].address, 0)))
    source = within(path[0].namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    for end in (listener, source):
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    source.connect(listener.getsockname())
    target, _ = listener.accept()
    data, room = bytes(CHUNK), bytearray(CHUNK)
    with listener, source, target:
        began = time.perf_counter()
        for _ in range(STREAM_BYTES // CHUNK):
            source.sendall(data)
            left = CHUNK
            while left:
                left -= target.recv_into(room, left)
        return (time.perf_counter() - began) / STREAM_BYTES


def compare(paths: Sequence[Path], measure: Callable[[Path], float]) -> list[float]:
    """The median of several interleaved rounds for every path."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rounds = [[measure(path) for path in paths] for _ in range(ROUNDS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]
