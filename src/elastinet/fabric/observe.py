"""What the kernel really has: links, addresses, neighbours, routes and rules, read anew.

`correct` takes the record of what was applied and gives it back as it should read: without what is
gone, with wrong values where someone changed them, and with what someone put in among ours. The next
comparison with what is wanted then mends all of it.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from elastinet.fabric import names, rtnl
from elastinet.fabric.items import Address, Items, Link, Neighbour, Path, Rule, Up
from elastinet.fabric.netlink import Netlink, attributes

IFNAME, MTU, MAC, ALIAS = 3, 4, 1, 20
TO, PREFERENCE, MARK, TABLE, MASK = 1, 6, 10, 15, 16
KERNEL_RULES = (0, 32766, 32767)
MAIN, LOCAL = 254, 255


@dataclass(frozen=True)
class Seen:
    """A link as it is."""

    name: str
    index: int
    up: bool
    mtu: int
    mac: str
    alias: str


def correct(applied: Items, netlink: Netlink) -> Items:
    """Give the record of links and routes as it should read; other items are left as they are."""
    seen = {link.index: link for link in _links(netlink)}
    result = {identity: item for identity, item in applied.items() if identity[0] not in rtnl_kinds}
    result |= _true_links(applied, {link.name: link for link in seen.values()})
    main = MAIN if any(identity[:2] == ("path", MAIN) for identity in applied) else LOCAL
    for item in _objects(netlink, seen, main):
        result[item.identity] = applied[item.identity] if applied.get(item.identity) == item else item
    return result


rtnl_kinds = frozenset({"link", "up", "address", "neighbour", "path", "rule"})


def _true_links(applied: Items, seen: dict[str, Seen]) -> Items:
    """Links of the record as they are, and strangers that look like ours."""
    result: Items = {}
    for identity, item in applied.items():
        if isinstance(item, Up) and item.name in seen and seen[item.name].up:
            result[identity] = item
        if isinstance(item, Link) and item.name in seen:
            found = seen[item.name]
            same = (found.index, found.alias, found.mtu, found.mac) == (
                item.index,
                item.alias,
                item.mtu,
                item.mac,
            )
            result[identity] = item if same else _stranger(found)
    for found in seen.values():
        if found.mac == names.ROUTER_MAC and ("link", found.name) not in result:
            result["link", found.name] = _stranger(found)
    return result


def _stranger(found: Seen) -> Link:
    """A link that is not as anyone wants it."""
    return Link(found.name, found.index, found.alias, found.mtu, found.mac, "", "", "", "")


def _links(netlink: Netlink) -> Iterator[Seen]:
    for _, body in netlink.dump((rtnl.GETLINK, 0, bytes(16))):
        _family, _kind, index, flags, _change = struct.unpack_from("=BxHiII", body)
        found = dict(attributes(body, 16))
        (mtu,) = struct.unpack("=I", found[MTU])
        yield Seen(_text(found[IFNAME]), index, bool(flags & rtnl.UP), mtu,
                   found.get(MAC, b"").hex(":"), _text(found.get(ALIAS, b"")))  # fmt: skip


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")


def _objects(
    netlink: Netlink, links: dict[int, Seen], main: int
) -> Iterator[Address | Neighbour | Path | Rule]:
    yield from _addresses(netlink, links)
    yield from _neighbours(netlink, links)
    yield from _paths(netlink, links, main)
    yield from _rules(netlink)


def _addresses(netlink: Netlink, links: dict[int, Seen]) -> Iterator[Address]:
    for _, body in netlink.dump((rtnl.GETADDR, 0, bytes((socket.AF_INET,)) + bytes(7))):
        _family, prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", body)
        address = socket.inet_ntoa(dict(attributes(body, 8))[2])
        if index in links and not address.startswith("127.") and address != names.INTERNET_ADDRESS:
            yield Address(links[index].name, address, prefix)


def _neighbours(netlink: Netlink, links: dict[int, Seen]) -> Iterator[Neighbour]:
    for _, body in netlink.dump((rtnl.GETNEIGH, 0, bytes((socket.AF_INET,)) + bytes(11))):
        _family, index, state, _flags, _kind = struct.unpack_from("=BxxxiHBB", body)
        found = dict(attributes(body, 12))
        if state & rtnl.PERMANENT and index in links and 2 in found:
            yield Neighbour(links[index].name, socket.inet_ntoa(found[1]), found[2].hex(":"))


def _paths(netlink: Netlink, links: dict[int, Seen], main: int) -> Iterator[Path]:
    """Routes in the tables that are ours alone, and in the main one where it is the one that we use."""
    for _, body in netlink.dump((rtnl.GETROUTE, 0, bytes((socket.AF_INET,)) + bytes(11))):
        _family, length, _src, _tos, _table, protocol, _scope, _kind, _flags = struct.unpack_from(
            "=8BI", body
        )
        found = dict(attributes(body, 12))
        (table,) = struct.unpack("=I", found[15])
        if table == LOCAL or (table == MAIN and (main != MAIN or protocol != rtnl.STATIC)):
            continue
        destination = f"{socket.inet_ntoa(found[1]) if 1 in found else '0.0.0.0'}/{length}"
        link = links.get(struct.unpack("=I", found[4])[0]) if 4 in found else None
        via = socket.inet_ntoa(found[5]) if 5 in found else ""
        yield Path(table, destination, link.name if link else "", via)


def _rules(netlink: Netlink) -> Iterator[Rule]:
    for _, body in netlink.dump((rtnl.GETRULE, 0, bytes((socket.AF_INET,)) + bytes(11))):
        raw = {kind: value for kind, value in attributes(body, 12) if len(value) == 4}
        found = {kind: struct.unpack("=I", value)[0] for kind, value in raw.items()}
        preference, mark = found.get(PREFERENCE, 0), found.get(MARK, 0)
        to = f"{socket.inet_ntoa(raw[TO])}/{body[1]}" if TO in raw else ""
        if preference not in KERNEL_RULES:
            mask = found.get(MASK, 0) if mark else names.TABLE_MASK
            yield Rule(preference, mark, found.get(TABLE, 0), mask, to)
