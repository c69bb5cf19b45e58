"""Queues and classes as the kernel has them at present, and their counters."""

import struct
from collections.abc import Iterator, Mapping

from elastinet.fabric.compile.classes import ClassStats
from elastinet.fabric.compile.items import Class, Items, Queue, Redirect
from elastinet.fabric.kernel import tc
from elastinet.fabric.kernel.netlink import Netlink, attributes

BASIC, QUEUED = 1, 3


def correct(applied: Items, links: Mapping[str, int], netlink: Netlink) -> Items:
    """Give the record of queues and classes as it should read."""
    result: Items = {}
    trees = _trees(netlink) if any(isinstance(item, Queue) for item in applied.values()) else set()
    for identity, item in applied.items():
        if isinstance(item, Queue) and item.name in links and item.index in (0, links[item.name]):
            if links[item.name] in trees:
                result[identity] = item
                classes = {found.identity: found for found in _classes(netlink, item.name, links[item.name])}
                result |= {key: _same(applied.get(key), found) for key, found in classes.items()}
            elif item.index:  # a device without its tree is made anew
                result[identity] = Queue(item.name, item.index)
    return result | _redirects(applied, result, links, netlink)


def _redirects(applied: Items, seen: Items, links: Mapping[str, int], netlink: Netlink) -> Items:
    """The redirects that lead to a queue which stays."""
    found = ((identity, item) for identity, item in applied.items() if isinstance(item, Redirect))
    return {
        identity: item
        for identity, item in found
        if item.link in links and seen.get(("queue", item.queue)) == applied.get(("queue", item.queue))
        if _leads_to(netlink, links[item.link]) == links.get(item.queue, 0)
    }


def _trees(netlink: Netlink) -> set[int]:
    """The devices that have a hierarchy of classes."""
    found = netlink.dump((tc.GETQDISC, 0, tc.HEADER.pack(0, 0, 0, 0, 0)))
    return {
        tc.HEADER.unpack_from(body)[1]
        for _, body in found
        if dict(attributes(body, tc.HEADER.size))[tc.KIND] == b"htb\0"
    }


def _leads_to(netlink: Netlink, index: int) -> int | None:
    """The device that what leaves by a link is sent to."""
    asked = (tc.GETFILTER, 0, tc.HEADER.pack(0, index, 0, tc.LEAVING, 0))
    for _, body in list(netlink.dump(asked)):
        found = dict(attributes(body, tc.HEADER.size))
        if found[tc.KIND] != b"bpf\0" or tc.OPTIONS not in found:
            continue
        actions = dict(attributes(found[tc.OPTIONS], 0)).get(tc.ACTION, b"")
        for _, action in attributes(actions, 0):
            mirror = dict(attributes(dict(attributes(action, 0))[tc.OPTIONS], 0))[tc.PARMS_OF_ACTION]
            return int(struct.unpack_from("=I", mirror, 24)[0])
    return None


def _same(wanted: object, found: Class) -> Class:
    """The class as it was asked for, if the kernel's rounding explains the difference."""
    if not isinstance(wanted, Class) or wanted.parent != found.parent:
        return found
    rounded = [max(1, bps // 8) * 8 for bps in (wanted.rate_bps, wanted.ceil_bps)]
    return wanted if rounded == [found.rate_bps, found.ceil_bps] else found


def _classes(netlink: Netlink, queue: str, index: int) -> Iterator[Class]:
    for number, parent, found in _dump(netlink, index):
        options = dict(attributes(found[tc.OPTIONS], 0))
        plain = [word[5] for word in tc.RATE.iter_unpack(options[tc.PARMS][: 2 * tc.RATE.size])]
        long = [options.get(kind) for kind in (tc.RATE64, tc.CEIL64)]
        rates = [
            struct.unpack("=Q", large)[0] if large else small
            for large, small in zip(long, plain, strict=True)
        ]
        yield Class(queue, number, parent, rates[0] * 8, rates[1] * 8)


def passed(netlink: Netlink, index: int) -> dict[int, tuple[int, ClassStats]]:
    """By the number of each class of a device: its parent, and what has passed."""
    return {number: (parent, _passed(found)) for number, parent, found in _dump(netlink, index)}


def _dump(netlink: Netlink, index: int) -> Iterator[tuple[int, int, dict[int, bytes]]]:
    for _, body in netlink.dump((tc.GETCLASS, 0, tc.HEADER.pack(0, index, 0, 0, 0))):
        _family, _index, handle, parent, _info = tc.HEADER.unpack_from(body)
        found = dict(attributes(body, tc.HEADER.size))
        if found[tc.KIND] == b"htb\0":
            yield handle & 0xFFFF, 0 if parent == tc.ROOT else parent & 0xFFFF, found


def _passed(found: dict[int, bytes]) -> ClassStats:
    stats = dict(attributes(found[tc.STATS2], 0))
    size, packets = struct.unpack_from("=QI", stats[BASIC])
    _length, backlog, drops, _requeues, overlimits = struct.unpack_from("=IIIII", stats[QUEUED])
    return ClassStats(size, packets, backlog, drops, overlimits)
