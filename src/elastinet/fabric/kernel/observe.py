"""The kernel's present links, addresses, neighbours, routes and rules, as it reports them.

`correct` takes the record of what was applied and gives it back as it should read: without what is
gone, with wrong values where someone changed them, and with what someone put in among ours. The next
comparison with what is wanted then mends all of it.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_ntop

import msgspec

from elastinet.fabric.compile.items import (
    GuestAddress,
    Items,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Sysctl,
    Up,
)
from elastinet.fabric.contract import names
from elastinet.fabric.kernel import rtnl, tcobserve
from elastinet.fabric.kernel.netlink import Netlink, attributes

IFNAME, MTU, MAC, ALIAS = 3, 4, 1, 20
TO, PREFERENCE, MARK, TABLE, MASK = 1, 6, 10, 15, 16
KERNEL_RULES = (0, 32766, 32767)
MAIN, LOCAL = 254, 255
NOT_OURS = ("::1", names.INTERNET_ADDRESS, names.INTERNET_ADDRESS6)


Read = Callable[[str], str]
"""Gives what a setting of the network says."""


@dataclass(frozen=True)
class Seen:
    """A link as it is."""

    name: str
    index: int
    up: bool
    mtu: int
    mac: str
    alias: str


def correct(applied: Items, netlink: Netlink, read: Read) -> Items:
    """Give the record of links and routes as it should read; other items are left as they are."""
    seen = {link.index: link for link in _links(netlink)}
    result = {identity: item for identity, item in applied.items() if identity[0] not in rtnl_kinds}
    result |= _true_links(applied, {link.name: link for link in seen.values()})
    result |= _settings(applied, result, read)
    result |= tcobserve.correct(applied, {link.name: link.index for link in seen.values()}, netlink)
    main = MAIN if any(identity[:2] == ("path", MAIN) for identity in applied) else LOCAL
    for item in _objects(netlink, seen, main, _families(applied)):
        result[item.identity] = applied[item.identity] if applied.get(item.identity) == item else item
    return result


rtnl_kinds = frozenset(
    {"link", "up", "address", "neighbour", "path", "rule", "sysctl", "inside", "queue", "class", "redirect"}
)


def _families(applied: Items) -> tuple[int, ...]:
    """Only a namespace that carries IPv6 is asked for it."""
    carried = any(isinstance(item, LinkAddress) and ":" in item.address for item in applied.values())
    return (AF_INET, AF_INET6) if carried else (AF_INET,)


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


def _settings(applied: Items, links: Items, read: Read) -> Items:
    """Knobs as they are; what guests' ends were given is theirs for as long as the link is the same."""
    result: Items = {}
    for identity, item in applied.items():
        if isinstance(item, Sysctl):
            result[identity] = msgspec.structs.replace(item, value=read(item.path))
        link = ("link", item.link) if isinstance(item, GuestAddress) else None
        if link and link in links and links[link] == applied.get(link):
            result[identity] = item
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
    netlink: Netlink, links: dict[int, Seen], main: int, families: Iterable[int]
) -> Iterator[LinkAddress | Neighbour | RouteItem | PolicyRule]:
    for family in families:
        yield from _addresses(netlink, links, family)
        yield from _neighbours(netlink, links, family)
        yield from _paths(netlink, links, main, family)
        yield from _rules(netlink, family)


def _addresses(netlink: Netlink, links: dict[int, Seen], family: int) -> Iterator[LinkAddress]:
    for _, body in netlink.dump((rtnl.GETADDR, 0, bytes((family,)) + bytes(7))):
        _family, prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", body)
        found = dict(attributes(body, 8))
        address = inet_ntop(family, found[2] if 2 in found else found[1])
        if index in links and not address.startswith("127.") and address not in NOT_OURS:
            yield LinkAddress(links[index].name, address, prefix)


def _neighbours(netlink: Netlink, links: dict[int, Seen], family: int) -> Iterator[Neighbour]:
    for _, body in netlink.dump((rtnl.GETNEIGH, 0, bytes((family,)) + bytes(11))):
        _family, index, state, _flags, _kind = struct.unpack_from("=BxxxiHBB", body)
        found = dict(attributes(body, 12))
        if state & rtnl.PERMANENT and index in links and 2 in found:
            yield Neighbour(links[index].name, inet_ntop(family, found[1]), found[2].hex(":"))


def _paths(netlink: Netlink, links: dict[int, Seen], main: int, family: int) -> Iterator[RouteItem]:
    """Routes in the tables that are ours alone, and in the main one where it is the one that we use."""
    for _, body in netlink.dump((rtnl.GETROUTE, 0, bytes((family,)) + bytes(11))):
        _family, length, _src, _tos, _table, protocol, _scope, kind, _flags = struct.unpack_from("=8BI", body)
        found = dict(attributes(body, 12))
        (table,) = struct.unpack("=I", found[15])
        if table == LOCAL or (table == MAIN and (main != MAIN or protocol != rtnl.STATIC)):
            continue
        everywhere = "::" if family == AF_INET6 else "0.0.0.0"
        destination = f"{inet_ntop(family, found[1]) if 1 in found else everywhere}/{length}"
        over = 4 in found and kind != rtnl.BLACKHOLE
        link = links.get(struct.unpack("=I", found[4])[0]) if over else None
        via = inet_ntop(family, found[5]) if 5 in found else ""
        yield RouteItem(table, destination, link.name if link else "", via)


def _rules(netlink: Netlink, family: int) -> Iterator[PolicyRule]:
    for _, body in netlink.dump((rtnl.GETRULE, 0, bytes((family,)) + bytes(11))):
        raw = dict(attributes(body, 12))
        found = {kind: struct.unpack("=I", value)[0] for kind, value in raw.items() if len(value) == 4}
        preference, mark = found.get(PREFERENCE, 0), found.get(MARK, 0)
        to = f"{inet_ntop(family, raw[TO])}/{body[1]}" if TO in raw else ""
        if preference not in KERNEL_RULES:
            mask = found.get(MASK, 0) if mark else names.TABLE_MASK
            yield PolicyRule(preference, mark, found.get(TABLE, 0), mask, to, family)
