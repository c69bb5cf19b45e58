"""Rules of nftables in the kernel's own form, for what its language cannot say: one expression after another.

A register is one of 1 to 4 (16 bytes each) or of 8 to 23, the same space in pieces of 4 bytes.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from elastinet.fabric.kernel.netlink import CREATE, Message, attribute

NEW_TABLE, DELETE_TABLE, NEW_CHAIN, NEW_RULE = (10 << 8 | kind for kind in (0, 2, 3, 6))
APPEND = 0x800
BEGIN, END = 16, 17
NFTABLES = 10
TABLE, CHAIN, EXPRESSIONS, USERDATA = 1, 2, 4, 7
NAME, DATA, ELEMENT, VALUE = 1, 2, 1, 1
NESTED = 0x8000
LINK, NETWORK, TRANSPORT = 0, 1, 2
"""What offsets count from: the frame, the packet's header, its transport header."""
INTERNET = 1
"""The kind of checksum, the same in all protocols."""
PSEUDO_HEADER = 1
EQUAL, UNEQUAL = 0, 1
INVERTED = 1
MARK, INCOMING_LINK, PROTOCOL = 3, 4, 16
VERDICT, DROP = 0, 0
FAMILIES = {"inet": 1, "arp": 3, "netdev": 5}


class RawRule(NamedTuple):
    """A rule of a chain; the comment says what it is, as in rules that the language can say."""

    family: str
    table: str
    chain: str
    expressions: Iterable[bytes]
    comment: str


def messages(rules: Iterable[RawRule]) -> list[Message]:
    """The transaction that appends rules to their chains; its first and last message are not answered."""
    return transaction(*map(new_rule, rules))


def transaction(*inner: Message) -> list[Message]:
    """Messages of which all are done, or none."""
    around = struct.pack(">BBH", 0, 0, NFTABLES)
    return [(BEGIN, 0, around), *inner, (END, 0, around)]


def new_table(family: str, name: str) -> Message:
    """Have a table, which may be there."""
    return NEW_TABLE, CREATE, _head(family) + _text(1, name)


def delete_table(family: str, name: str) -> Message:
    """Take a table away, with all that is in it."""
    return DELETE_TABLE, 0, _head(family) + _text(1, name)


def new_chain(family: str, table: str, name: str, hook: int, priority: int) -> Message:
    """Have a chain of filters at a hook, which may be there."""
    where = _nested(4, _number(1, hook), attribute(2, struct.pack(">i", priority)))
    return NEW_CHAIN, CREATE, _head(family) + _text(1, table) + _text(3, name) + where + _text(7, "filter")


def new_rule(rule: RawRule) -> Message:
    """Append a rule to its chain."""
    return NEW_RULE, CREATE | APPEND, _rule(rule)


def _head(family: str) -> bytes:
    return struct.pack("=BBH", FAMILIES[family], 0, 0)


def _rule(rule: RawRule) -> bytes:
    noted = rule.comment.encode() + b"\0"
    body = _text(TABLE, rule.table) + _text(CHAIN, rule.chain)
    body += _nested(EXPRESSIONS, *(_nested(ELEMENT, expression) for expression in rule.expressions))
    body += attribute(USERDATA, bytes((0, len(noted))) + noted)
    return _head(rule.family) + body


def load(register: int, base: int, at: int, size: int) -> bytes:
    """Read bytes into a register; a packet that is too short is not for this rule."""
    where = (_number(2, base), _number(3, at), _number(4, size))
    return _expression("payload", _number(1, register), *where)


def write(register: int, base: int, at: int, size: int, checksum: int | None = None) -> bytes:
    """Write bytes of a register, and have the checksum at a place of the same header take them in."""
    where = (_number(5, register), _number(2, base), _number(3, at), _number(4, size))
    kept = () if checksum is None else (_number(6, INTERNET), _number(7, checksum))
    return _expression("payload", *where, *kept)


def write_address(register: int, at: int, size: int) -> bytes:
    """Write an address into the packet's header, and have the transport's checksum take it in."""
    where = (_number(5, register), _number(2, NETWORK), _number(3, at), _number(4, size))
    return _expression("payload", *where, _number(8, PSEUDO_HEADER))


def constant(register: int, value: bytes) -> bytes:
    """Put a value into a register."""
    return _expression("immediate", _number(1, register), _nested(2, attribute(VALUE, value)))


def compare(register: int, how: int, value: bytes) -> bytes:
    """Go on if a register has a value, or if it has another."""
    return _expression("cmp", _number(1, register), _number(2, how), _nested(3, attribute(VALUE, value)))


def masked(register: int, mask: bytes) -> bytes:
    """Keep the bits of a register that a mask has."""
    kept, nothing = (
        _nested(kind, attribute(VALUE, value)) for kind, value in ((4, mask), (5, bytes(len(mask))))
    )
    return _expression(
        "bitwise", _number(1, register), _number(2, register), _number(3, len(mask)), kept, nothing
    )


def look_up(map: str, key: int, found: int) -> bytes:
    """Go on if a map has what begins in a register, with what it leads to in another."""
    return _expression("lookup", _text(1, map), _number(2, key), _number(3, found))


def absent(set: str, key: int) -> bytes:
    """Go on if a set does not have what begins in a register."""
    return _expression("lookup", _text(1, set), _number(2, key), _number(5, INVERTED))


def incoming_link(register: int) -> bytes:
    """Put the index of the link that the packet came by into a register."""
    return _expression("meta", _number(1, register), _number(2, INCOMING_LINK))


def load_protocol(register: int) -> bytes:
    """Put the number of the transport's protocol into a register."""
    return _expression("meta", _number(1, register), _number(2, PROTOCOL))


def drop() -> bytes:
    """Drop the packet."""
    return _expression("immediate", _number(1, VERDICT), _nested(2, _nested(2, _number(1, DROP))))


def mark_packet(register: int) -> bytes:
    """Set the packet's mark to what a register has."""
    return _expression("meta", _number(3, register), _number(2, MARK))


def load_mark(register: int) -> bytes:
    """Put the packet's mark into a register."""
    return _expression("meta", _number(1, register), _number(2, MARK))


def forward(register: int) -> bytes:
    """Send the frame by the link whose index a register has."""
    return _expression("fwd", _number(1, register))


def _expression(name: str, *data: bytes) -> bytes:
    return _text(NAME, name) + _nested(DATA, *data)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack(">I", value))


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def _nested(kind: int, *attributes: bytes) -> bytes:
    return attribute(kind | NESTED, b"".join(attributes))
