"""Rules that translate an address in the packet that an ICMP error quotes, in the kernel's own form.

nftables' language can write into a quoted header, but names no checksum for it. Here the kernel is told
which two bytes it shall keep true while it writes. A new address and its header's checksum make up for each
other, so that ICMP's own, which covers both, stays true.

The checksums of TCP and UDP cover the addresses as well. Their rules write the new address with that one,
and the old address again with ICMP's. So the last rule finds the old address, and all checksums true.
"""

import struct
from typing import NamedTuple

from elastinet.fabric.kernel.netlink import CREATE, Message, attribute

NEW_RULE, APPEND = 10 << 8 | 6, 0x800
BEGIN, END = 16, 17
NFTABLES = 10
TABLE, CHAIN, EXPRESSIONS, USERDATA = 1, 2, 4, 7
NAME, DATA, ELEMENT, VALUE = 1, 2, 1, 1
NESTED = 0x8000
TRANSPORT, INTERNET = 2, 1
"""The base of offsets is the packet's transport header; the kind of checksum is the same in all protocols."""
EQUAL, UNEQUAL = 0, 1
OLD, NEW, SEEN = 1, 2, 3
"""Registers: the address that is there, the one that it leads to, what is compared."""
ICMP_CHECKSUM, QUOTED = 2, 8
VERSION, FRAGMENT, PROTOCOL, HEADER_CHECKSUM = QUOTED, QUOTED + 6, QUOTED + 9, QUOTED + 10
ADDRESSES = {"saddr": QUOTED + 12, "daddr": QUOTED + 16}
TRANSPORTS = {"udp": (17, QUOTED + 20 + 6), "tcp": (6, QUOTED + 20 + 16)}
"""A protocol's number, and where its checksum is behind a header without options."""


class Quoted(NamedTuple):
    """A rule about a protocol ("ip" for any): which address, and the map of one address to another."""

    family: int
    table: str
    chain: str
    protocol: str
    address: str
    map: str
    comment: str


def messages(rules: list[Quoted]) -> list[Message]:
    """The transaction that appends rules to their chains; its first and last message are not answered."""
    around = struct.pack(">BBH", 0, 0, NFTABLES)
    made = ((NEW_RULE, CREATE | APPEND, _rule(rule)) for rule in rules)
    return [(BEGIN, 0, around), *made, (END, 0, around)]


def _rule(rule: Quoted) -> bytes:
    noted = rule.comment.encode() + b"\0"
    body = _text(TABLE, rule.table) + _text(CHAIN, rule.chain)
    body += _nested(EXPRESSIONS, *(_nested(ELEMENT, expression) for expression in _expressions(rule)))
    body += attribute(USERDATA, bytes((0, len(noted))) + noted)
    return struct.pack("=BBH", rule.family, 0, 0) + body


def _expressions(rule: Quoted) -> list[bytes]:
    at = ADDRESSES[rule.address]
    found = [_load(OLD, at, 4), _look_up(rule.map)]
    if rule.protocol not in TRANSPORTS:
        return [*found, _write(NEW, at, HEADER_CHECKSUM)]
    number, checksum = TRANSPORTS[rule.protocol]
    wanted = [
        *(_load(SEEN, VERSION, 1), _compare(EQUAL, b"\x45")),
        *(_load(SEEN, FRAGMENT, 2), _masked(b"\x1f\xff"), _compare(EQUAL, bytes(2))),
        *(_load(SEEN, PROTOCOL, 1), _compare(EQUAL, bytes((number,)))),
        *(_load(SEEN, checksum, 2), _compare(UNEQUAL, bytes(2))),
    ]
    return [*wanted, *found, _write(NEW, at, checksum), _write(OLD, at, ICMP_CHECKSUM)]


def _load(register: int, at: int, size: int) -> bytes:
    """Read bytes into a register; a packet that is too short is not for this rule."""
    return _expression(
        "payload", _number(1, register), _number(2, TRANSPORT), _number(3, at), _number(4, size)
    )


def _write(register: int, at: int, checksum: int) -> bytes:
    """Write an address, and have the checksum at a place take it in."""
    where = (_number(2, TRANSPORT), _number(3, at), _number(4, 4))
    return _expression("payload", _number(5, register), *where, _number(6, INTERNET), _number(7, checksum))


def _compare(how: int, value: bytes) -> bytes:
    return _expression("cmp", _number(1, SEEN), _number(2, how), _nested(3, attribute(VALUE, value)))


def _masked(mask: bytes) -> bytes:
    kept, nothing = (
        _nested(kind, attribute(VALUE, value)) for kind, value in ((4, mask), (5, bytes(len(mask))))
    )
    return _expression("bitwise", _number(1, SEEN), _number(2, SEEN), _number(3, len(mask)), kept, nothing)


def _look_up(map: str) -> bytes:
    return _expression("lookup", _text(1, map), _number(2, OLD), _number(3, NEW))


def _expression(name: str, *data: bytes) -> bytes:
    return _text(NAME, name) + _nested(DATA, *data)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack(">I", value))


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def _nested(kind: int, *attributes: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(attributes))
