"""Counters of a namespace: links, classes of queues, and packets above the link-local allowance."""

import struct
from pathlib import Path

from msgspec import Struct

from elastinet.fabric.compile import link_local
from elastinet.fabric.compile.classes import ClassStats
from elastinet.fabric.kernel import nfobserve, tcobserve
from elastinet.fabric.kernel.netlink import Netlink, attributes

GETSTATS = 94
MESSAGE = struct.Struct("=BxxxII")
LINK_64, ONLY_LINK_64 = 1, 1
STATISTICS = Path("/proc/thread-self/net/stat/nf_conntrack")
"""Of the namespace that the thread is in, a row for each processor."""
STATS = struct.Struct("=4Q")


class TrafficCounters(Struct, frozen=True):
    """Counters of a link, seen from this namespace."""

    received_packets: int
    sent_packets: int
    received_bytes: int
    sent_bytes: int


class Counters(Struct, frozen=True):
    """All of a namespace: links by their index, classes by queue and number.

    `link_local` has the packets above the link-local allowance, by MAC, `named` what named counters have
    counted. `unplaced` are connections that conntrack had no room for, as no port was free.
    """

    seconds: float
    links: dict[int, TrafficCounters]
    queues: dict[str, dict[int, tuple[int, ClassStats]]]
    link_local: dict[str, int]
    named: dict[str, int] = {}
    unplaced: int | None = None


def unplaced() -> int | None:
    """The connections that were lost as conntrack was to enter them; None if this kernel does not tell."""
    if not STATISTICS.exists():
        return None
    head, *rows = (line.split() for line in STATISTICS.read_text().splitlines())
    return sum(int(row[head.index("insert_failed")], 16) for row in rows)


def links(netlink: Netlink) -> dict[int, TrafficCounters]:
    """Counters of every link of this namespace, by its index."""
    found = {}
    for _, body in netlink.dump((GETSTATS, 0, MESSAGE.pack(0, 0, ONLY_LINK_64))):
        _family, index, _mask = MESSAGE.unpack_from(body)
        found[index] = TrafficCounters(*STATS.unpack_from(dict(attributes(body, MESSAGE.size))[LINK_64]))
    return found


def queues(netlink: Netlink, indices: dict[str, int]) -> dict[str, dict[int, tuple[int, ClassStats]]]:
    """Counters of the classes of these queues, by number, each with its parent's number."""
    return {name: tcobserve.passed(netlink, index) for name, index in indices.items()}


def exceeded(netlink: Netlink) -> dict[str, int]:
    """The packets of each MAC above its link-local allowance, by a socket of the filter's."""
    return nfobserve.counts(netlink, link_local.EXCEEDED)
