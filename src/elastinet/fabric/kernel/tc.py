"""Queues and their classes as rtnetlink messages: a token bucket hierarchy (HTB) on a device.

An instance may have hundreds of classes. The kernel needs none of the rate tables that libraries bring.
"""

import socket
import struct

from elastinet.fabric.compile.items import Class, Queue
from elastinet.fabric.kernel.netlink import CREATE, EXCLUSIVE, REPLACE, Message, attribute

NEWQDISC, DELQDISC, GETQDISC = 36, 37, 38
NEWCLASS, DELCLASS, GETCLASS = 40, 41, 42
HEADER = struct.Struct("=BxxxiIII")
KIND, OPTIONS, STATS2 = 1, 2, 7
PARMS, INIT, RATE64, CEIL64 = 1, 2, 6, 7
ROOT, HANDLE = 0xFFFFFFFF, 0x10000
ETHERNET = 1
RATE = struct.Struct("=BBHhHI")
LEAST_BURST_SECONDS, MOST_BURST_SECONDS = 0.002, 0.01
TICKS_PER_SECOND = 1e9 / 64
QUANTUM_BYTES = 60000
BURST_BYTES = 131072
HTB_VERSION = 3
NEWFILTER, GETFILTER = 44, 46
ACTION, OPS_LENGTH, OPS, PARMS_OF_ACTION = 1, 4, 5, 2
HOOKS, ROOT_OF_HOOKS, LEAVING = 0xFFFF0000, 0xFFFFFFF1, 0xFFFFFFF3
FIRST, EVERY_PROTOCOL = 1 << 16, socket.htons(3)
STOLEN, TO_EGRESS = 4, 1
UNMARKED = ((0x20, 0, 0, 0xFFFFF014), (0x15, 0, 1, 1), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
"""In the kernel's classic filter language: is the mark 1? Then nothing is done, otherwise the action."""


def root(item: Queue, index: int) -> Message:
    """The message that gives a device its hierarchy."""
    init = struct.pack("=IIIII", HTB_VERSION, 10, item.otherwise, 0, 0)
    options = attribute(KIND, b"htb\0") + attribute(OPTIONS, attribute(INIT, init))
    return NEWQDISC, CREATE | EXCLUSIVE, HEADER.pack(0, index, HANDLE, ROOT, 0) + options


def no_root(index: int) -> Message:
    """The message that takes a link's hierarchy away."""
    return DELQDISC, 0, HEADER.pack(0, index, HANDLE, ROOT, 0)


def add(item: Class, index: int) -> Message:
    """The message that makes a class, or changes it."""
    rates = [max(1, bps // 8) for bps in (item.rate_bps, item.ceil_bps)]
    words = [RATE.pack(0, ETHERNET, 0, 0, 0, min(rate, 0xFFFFFFFF)) for rate in rates]
    bursts = [_ticks(rate) for rate in rates]
    parms = b"".join(words) + struct.pack("=IIIII", *bursts, QUANTUM_BYTES, 0, 0)
    options = attribute(PARMS, parms)
    for kind, rate in zip((RATE64, CEIL64), rates, strict=True):
        options += attribute(kind, struct.pack("=Q", rate))
    body = attribute(KIND, b"htb\0") + attribute(OPTIONS, options)
    return NEWCLASS, CREATE | REPLACE, _header(item, index) + body


def remove(item: Class, index: int) -> Message:
    """The message that takes a class away."""
    return DELCLASS, 0, _header(item, index)


def redirect(index: int, queue: int) -> list[Message]:
    """The messages that send to a queue what leaves by a link, but for what has the mark."""
    program = b"".join(struct.pack("=HBBI", *step) for step in UNMARKED)
    mirror = struct.pack("=IIiiiiI", 0, 0, STOLEN, 0, 0, TO_EGRESS, queue)
    action = attribute(KIND, b"mirred\0") + attribute(OPTIONS, attribute(PARMS_OF_ACTION, mirror))
    options = attribute(OPS_LENGTH, struct.pack("=H", len(UNMARKED))) + attribute(OPS, program)
    options += attribute(ACTION, attribute(1, action))
    hooks = HEADER.pack(0, index, HOOKS, ROOT_OF_HOOKS, 0) + attribute(KIND, b"clsact\0")
    filter = HEADER.pack(0, index, 1, LEAVING, FIRST | EVERY_PROTOCOL)
    body = filter + attribute(KIND, b"bpf\0") + attribute(OPTIONS, options)
    return [(NEWQDISC, CREATE, hooks), (NEWFILTER, CREATE | REPLACE, body)]


def no_redirect(index: int) -> Message:
    """The message that has packets leave directly again."""
    return DELQDISC, 0, HEADER.pack(0, index, HOOKS, ROOT_OF_HOOKS, 0)


def _header(item: Class, index: int) -> bytes:
    parent = HANDLE | item.parent if item.parent else HANDLE
    return HEADER.pack(0, index, HANDLE | item.number, parent, 0)


def _ticks(rate: int) -> int:
    """The burst of a class, as the ticks that it takes at the class's rate: of a slow class a few packets."""
    seconds = max(LEAST_BURST_SECONDS, min(BURST_BYTES / rate, MOST_BURST_SECONDS))
    return round(seconds * TICKS_PER_SECOND)
