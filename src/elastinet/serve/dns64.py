"""Names of the machine's resolver for subnets with DNS64 (RFC 6147): those with only IPv4 get IPv6 addresses.

Both addresses are asked for at once, so that it takes no longer. Who answers may be hostile: what can't be
read stays as it is.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv6Network
from typing import NamedTuple

from elastinet.catalog.nat64 import NAT64

Ask = Callable[[bytes], Awaitable[bytes]]
A, CNAME, AAAA, OPT, INTERNET = 1, 5, 28, 41, 1
HEADER, KIND, RECORD = struct.Struct("!HHHHHH"), struct.Struct("!HH"), struct.Struct("!HHIH")
NO_NAME, CODE = 3, 0x000F
TRUNCATED, AUTHENTIC, UNCHECKED, SECURE = 0x0200, 0x0020, 0x0010, 0x8000
PREFIX = NAT64.network_address.packed[:12]
NOT_IPV6 = IPv6Network("::ffff:0:0/96").network_address.packed[:12]
"""IPv6 addresses with these first bytes stand for IPv4 in a socket, and nobody is reached by them."""
MOST_SECONDS = 600
MOST_RECORDS, MOST_JUMPS, LONGEST_NAME = 128, 127, 255
"""A message with more than this is not looked at: that takes time, in which nobody else is answered."""
PLAIN_BYTES = 512


class Record(NamedTuple):
    """A record: its name without pointers, and where in the message its data are."""

    name: bytes
    kind: int
    group: int
    seconds: int
    start: int
    end: int


async def ask_for_both(question: bytes, ask: Ask, most: int | None = None) -> bytes:
    """Ask, and for an IPv6 address that is not there have IPv4's.

    An answer has `most` bytes, or as many as the asker says that it takes.
    """
    if (plain := asked_for_ipv4(question)) is None:
        return await ask(question)
    answer, answer4 = await asyncio.gather(ask(question), ask(plain))
    try:
        if _is_final(answer):
            return answer
        return synthesised(question, answer4, most or _room(question)) or answer
    except (ValueError, IndexError, struct.error):
        return answer


def asked_for_ipv4(question: bytes) -> bytes | None:
    """The same question for IPv4, or None if it is not for IPv6 or its asker checks signatures himself."""
    try:
        _, flags, count, *_ = HEADER.unpack_from(question)
        at = _after_name(question, HEADER.size)
        if count != 1 or KIND.unpack_from(question, at) != (AAAA, INTERNET):
            return None
        checks = any(one.kind == OPT and one.seconds & SECURE for one in records(question))
    except (ValueError, IndexError, struct.error):
        return None
    if flags & UNCHECKED and checks:
        return None
    return question[:at] + KIND.pack(A, INTERNET) + question[at + KIND.size :]


def synthesised(question: bytes, answer4: bytes, most: int) -> bytes | None:
    """The answer with NAT64's addresses of those in an answer of IPv4, or None if there are none."""
    number, flags, *_ = HEADER.unpack_from(answer4)
    found = list(records(answer4))
    cut = bool(flags & TRUNCATED)
    if flags & CODE or not (cut or any(one.kind == A for one in found)):
        return None
    asked = question[HEADER.size : _after_name(question, HEADER.size) + KIND.size]
    options = [_written(one, answer4) for one in found if one.kind == OPT]
    told = [_written(one, answer4) for one in found if one.kind in (A, CNAME)]
    while told and HEADER.size + len(asked) + sum(map(len, told + options)) > most:
        told.pop()
        cut = True
    flags = flags & ~(AUTHENTIC | TRUNCATED) | (TRUNCATED if cut else 0)
    head = HEADER.pack(number, flags, 1, len(told), 0, len(options))
    return b"".join((head, asked, *told, *options))


def _written(one: Record, message: bytes) -> bytes:
    """A record as it is told, without pointers: an address as NAT64's, with a life that is not long."""
    data, kind, seconds = message[one.start : one.end], one.kind, one.seconds
    if kind == A:
        if len(data) != 4:
            raise ValueError("an address of IPv4 has four bytes")
        data, kind, seconds = PREFIX + data, AAAA, min(seconds, MOST_SECONDS)
    elif kind == CNAME:
        data = _name(message, one.start)
    return one.name + RECORD.pack(kind, one.group, seconds, len(data)) + data


def _is_final(answer: bytes) -> bool:
    """True if there is an IPv6 address, or no such name at all, or more than a datagram holds."""
    flags = HEADER.unpack_from(answer)[1]
    if flags & CODE == NO_NAME or flags & TRUNCATED:
        return True
    found = (answer[one.start : one.end] for one in records(answer) if one.kind == AAAA)
    return any(not address.startswith(NOT_IPV6) for address in found)


def _room(question: bytes) -> int:
    """How many bytes of a datagram the asker takes."""
    told = (one.group for one in records(question) if one.kind == OPT)
    return max((PLAIN_BYTES, *told))


def records(message: bytes) -> Iterator[Record]:
    """All records of a message; raises ValueError, IndexError or struct.error for what is none."""
    _, _, asked, *counts = HEADER.unpack_from(message)
    if asked + sum(counts) > MOST_RECORDS:
        raise ValueError("too many records")
    at = HEADER.size
    for _ in range(asked):
        at = _after_name(message, at) + KIND.size
    for _ in range(sum(counts)):
        name, at = _name(message, at), _after_name(message, at)
        kind, group, seconds, length = RECORD.unpack_from(message, at)
        at += RECORD.size + length
        if at > len(message):
            raise ValueError("a record ends after its message")
        yield Record(name, kind, group, seconds, at - length, at)


def _after_name(message: bytes, at: int) -> int:
    """Where a name ends in its place: with its root, or with a pointer to the rest."""
    while size := message[at]:
        if size >= 0xC0:
            return at + 2
        at += 1 + size
    return at + 1


def _name(message: bytes, at: int) -> bytes:
    """A name in full."""
    found, jumps = b"", 0
    while size := message[at]:
        if size >= 0xC0:
            at = (size & 0x3F) << 8 | message[at + 1]
            jumps += 1
        elif size >= 0x40:
            raise ValueError("no kind of a label")
        else:
            found += message[at : at + 1 + size]
            at += 1 + size
        if jumps > MOST_JUMPS or len(found) >= LONGEST_NAME:
            raise ValueError("a name is too long")
    return found + b"\0"
