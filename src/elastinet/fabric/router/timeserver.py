"""The time at 169.254.169.123 and fd00:ec2::123 by NTP (RFC 5905): this machine's clock, which guests have.

Only clients are answered, with no more than they have sent. How often each interface may ask is the
filter's matter, as for all link-local services.
"""

import socket
import struct
import time

from elastinet.fabric.contract import names

PORT = 123
PACKET = struct.Struct("!BBbbII4sQQQQ")
"""Leap, version and mode; stratum, poll, precision; root delay and dispersion; reference; four moments."""
CLIENT, SERVER = 3, 4
VERSIONS = (1, 2, 3, 4)
STRATUM, PRECISION = 3, -20
DISPERSION = 1 << 6
"""A millisecond, in units of 2^-16 s."""
REFERENCE = socket.inet_aton(names.NTP_ADDRESS)
SINCE_1900_SECONDS = 2_208_988_800
NANOSECOND = 10**9
MOST_AT_ONCE = 64
REST_SECONDS = 0.002
"""The pause after so many questions: who floods has lost some of his, and the agent has time for others."""
SO_TIMESTAMPNS, TIMESPEC = 35, struct.Struct("qq")
SPACE = socket.CMSG_SPACE(TIMESPEC.size)


def listen(family: socket.AddressFamily, address: str) -> socket.socket:
    """Open a socket at one of the addresses, in this thread's namespace, whether it is there yet or not."""
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
    try:
        opened.setsockopt(socket.IPPROTO_IP, names.IP_FREEBIND, 1)
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.bind((address, PORT))
    except OSError:
        opened.close()
        raise
    return opened


def serve(clock: socket.socket) -> float:
    """Answer those who wait; gives for how many seconds no others should be answered."""
    for _ in range(MOST_AT_ONCE):
        try:
            data, ancillary, _, sender = clock.recvmsg(PACKET.size, SPACE)
        except BlockingIOError:
            return 0
        if said := answer(data, _arrived(ancillary), time.time_ns()):
            try:
                clock.sendto(said, sender)
            except OSError:  # who has asked is there no more, or has no room
                continue
    return REST_SECONDS


def answer(question: bytes, arrived: int, now: int) -> bytes:
    """Answer a client's packet, which has arrived at a time in nanoseconds; nothing for anything else."""
    if len(question) < PACKET.size:
        return b""
    first, _, poll, *_, sent = PACKET.unpack_from(question)
    version, mode = first >> 3 & 7, first & 7
    if mode != CLIENT or version not in VERSIONS:
        return b""
    moments = (_moment(arrived), sent, _moment(arrived), _moment(now))
    return PACKET.pack(version << 3 | SERVER, STRATUM, poll, PRECISION, 0, DISPERSION, REFERENCE, *moments)


def _arrived(ancillary: list[tuple[int, int, bytes]]) -> int:
    """When a packet came, by the kernel's word."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            return int(seconds) * NANOSECOND + int(nanoseconds)
    return time.time_ns()


def _moment(nanoseconds: int) -> int:
    """A time of this machine's as NTP counts it: 32 bits of seconds since 1900, 32 of what is below."""
    seconds, rest = divmod(nanoseconds, NANOSECOND)
    return (seconds + SINCE_1900_SECONDS) % (1 << 32) << 32 | (rest << 32) // NANOSECOND
