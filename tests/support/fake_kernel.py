"""A kernel that is none: network namespaces with links, addresses, neighbours, routes, rules and a packet filter.

It takes the messages that the real one takes, refuses with the errors that the real one gives, and reports as
the real one does, as far as a router uses it without queues and mediated links: what it does not know is an
error of the test. tests/fabric/kernel/test_fake_kernel.py holds it against the real one.
"""

import errno
import itertools
import os
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from socket import AF_INET, AF_INET6

from elastinet.fabric.kernel import rtnl
from elastinet.fabric.kernel.netlink import (
    CREATE,
    EXCLUSIVE,
    NETFILTER,
    Message,
    Netlink,
    attribute,
    attributes,
)
from elastinet.fabric.kernel.nftables import Nft
from fake_filter import FakeFilter, FakeFilterSocket

OF_LINK, OF_ADDRESS, OF_NEIGHBOUR, OF_ROUTE = 16, 8, 12, 12
"""Sizes of the kernel's headers before the attributes."""
IPV6_OFF = "ipv6/conf/{}/disable_ipv6"
SETTINGS = ("disable_ipv6", "accept_dad", "accept_ra_defrtr", "accept_ra_pinfo")

Found = dict[int, bytes]


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@dataclass
class FakeLink:
    """A link of a namespace; `peer` is the other end of a pair."""

    space: "FakeSpace"
    name: str
    index: int
    mac: bytes
    mtu: bytes
    alias: bytes = b""
    up: bool = False
    group: bytes = bytes(4)
    peer: "FakeLink | None" = None
    further: list[bytes] = field(default_factory=list)


@dataclass
class FakeRoute:
    """A route: where to, as the kernel tells it."""

    kind: int
    scope: int
    protocol: int
    found: Found

    @property
    def link(self) -> int:
        return number(self.found.get(4, bytes(4)))


@dataclass
class FakeSpace:
    """One network namespace."""

    links: dict[int, FakeLink] = field(default_factory=dict)
    addresses: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    neighbours: dict[tuple[int, int, bytes], bytes] = field(default_factory=dict)
    routes: dict[tuple[int, int, bytes, int, bytes], FakeRoute] = field(default_factory=dict)
    rules: list[tuple[bytes, Found]] = field(default_factory=list)
    sent: list[tuple[bytes, str]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    filter: FakeFilter = field(default_factory=FakeFilter)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    def __post_init__(self) -> None:
        for scope in ("all", "default"):
            self.settings |= {f"ipv6/conf/{scope}/{name}": "0" for name in SETTINGS}
        self.join(FakeLink(self, "lo", 1, bytes(6), struct.pack("=I", 65536)))

    def join(self, link: FakeLink) -> None:
        """Take a link in; it has the settings that are the default at that moment."""
        self.links[link.index] = link
        for name in SETTINGS:
            self.settings[f"ipv6/conf/{link.name}/{name}"] = self.settings[f"ipv6/conf/default/{name}"]

    def link(self, index: int) -> FakeLink:
        if index not in self.links:
            raise refused(errno.ENODEV)
        return self.links[index]

    def named(self, name: str) -> FakeLink | None:
        return next((link for link in self.links.values() if link.name == name), None)

    def write(self, sysctl: str, value: str) -> None:
        """Change a setting; what is said of all is said of each, and of those to come."""
        if sysctl not in self.settings:
            return  # as of a link that is not there: `sysctls` makes nothing of it either
        name = sysctl.rpartition("/")[2]
        if sysctl == IPV6_OFF.format("all"):
            for known in self.settings:
                if known.startswith("ipv6/conf/") and known.endswith(name):
                    self.settings[known] = value
        self.settings[sysctl] = value
        if name == "disable_ipv6" and value == "1":
            for index, link in self.links.items():
                if self.settings[IPV6_OFF.format(link.name)] == "1":
                    self.lose_addresses(index, AF_INET6)

    def drop(self, link: FakeLink) -> None:
        """Take a link away, and its other end, with all that hangs on them."""
        for end in filter(None, (link, link.peer)):
            if end.space.links.pop(end.index, None):
                end.space.lose_addresses(end.index, AF_INET)
                end.space.lose_addresses(end.index, AF_INET6)
                end.space.filter.lose(end.name)
                for name in SETTINGS:
                    del end.space.settings[f"ipv6/conf/{end.name}/{name}"]

    def lose(self, index: int, family: int) -> None:
        """Forget the neighbours and the routes of a link in one family."""
        self.neighbours = {k: mac for k, mac in self.neighbours.items() if k[:2] != (family, index)}
        self.routes = {k: r for k, r in self.routes.items() if (k[0], r.link) != (family, index)}

    def lose_addresses(self, index: int, family: int) -> None:
        """Forget the addresses of a link in one family, too."""
        self.addresses = [a for a in self.addresses if (a[0], a[2]) != (family, index)]
        self.lose(index, family)


class FakeKernel:
    """All namespaces, by what stands for their descriptors."""

    def __init__(self) -> None:
        self.spaces: dict[int, FakeSpace] = {}

    def space(self, descriptor: int) -> FakeSpace:
        return self.spaces.setdefault(descriptor, FakeSpace())


class FakeDoors:
    """The ways into one of its namespaces."""

    def __init__(self, kernel: FakeKernel, descriptor: int) -> None:
        self.kernel, self.space = kernel, kernel.space(descriptor)

    def netlink(self, protocol: int = socket.NETLINK_ROUTE) -> Netlink:
        if protocol == NETFILTER:
            return FakeFilterSocket(self.space.filter)
        return FakeNetlink(self.kernel, self.space)

    def nft(self) -> Nft:
        return self.space.filter

    def index(self, name: str) -> int:
        if link := self.space.named(name):
            return link.index
        raise refused(errno.ENODEV)

    def read(self, sysctl: str) -> str:
        return self.space.settings.get(sysctl, "")

    def write(self, sysctl: str, value: str) -> None:
        self.space.write(sysctl, value)

    def send_frame(self, frame: bytes, links: Iterable[str]) -> None:
        """What is sent is heard by nobody here."""
        self.space.sent += [(frame, link) for link in links]

    @contextmanager
    def visit(self, namespace: int) -> Iterator[None]:
        home, self.space = self.space, self.kernel.space(namespace)
        try:
            yield
        finally:
            self.space = home


class FakeNetlink:
    """A socket of rtnetlink."""

    port = 1

    def __init__(self, kernel: FakeKernel, space: FakeSpace) -> None:
        self._kernel, self._space = kernel, space
        self._done: dict[int, Callable[[int, bytes], None]] = {
            rtnl.NEWLINK: self._new_link,
            rtnl.DELLINK: self._delete_link,
            rtnl.NEWADDR: self._new_address,
            rtnl.DELADDR: self._delete_address,
            rtnl.NEWNEIGH: self._new_neighbour,
            rtnl.DELNEIGH: self._delete_neighbour,
            rtnl.NEWROUTE: self._new_route,
            rtnl.DELROUTE: self._delete_route,
            rtnl.NEWRULE: self._new_rule,
            rtnl.DELRULE: self._delete_rule,
            rtnl.SETNEIGHTBL: self._set_neighbour_table,
            rtnl.NEWLINKPROP: self._new_names,
        }

    def close(self) -> None:
        pass

    def send(self, messages: Sequence[Message]) -> list[OSError | None]:
        return [self._answer(*message) for message in messages]

    def _answer(self, kind: int, flags: int, body: bytes) -> OSError | None:
        try:
            self._done[kind](flags, body)
        except OSError as error:
            return error
        return None

    # --- links ------------------------------------------------------------------------------------

    def _new_link(self, flags: int, body: bytes) -> None:
        _family, _kind, index, on, change = struct.unpack_from("=BxHiII", body)
        found = dict(attributes(body, OF_LINK))
        if flags & CREATE:
            self._create(index, found)
            return
        link = self._space.link(index)
        link.alias, link.group = found.get(20, link.alias), found.get(27, link.group)
        if change & rtnl.UP:
            self._turn(link, bool(on & rtnl.UP))

    def _turn(self, link: FakeLink, up: bool) -> None:
        if link.up and not up:
            self._space.lose(link.index, AF_INET)  # whose addresses stay
            self._space.lose_addresses(link.index, AF_INET6)
        link.up = up

    def _create(self, index: int, found: Found) -> None:
        """Make a pair: the other end first, as the kernel does it."""
        info = dict(attributes(found[18], 0))
        assert info[1] == b"veth\0", info
        if index in self._space.links:
            raise refused(errno.EEXIST)
        data = dict(attributes(info[2], 0))[1]
        peer = dict(attributes(data, OF_LINK))
        there = self._kernel.spaces.get(number(peer[28]))
        if there is None:
            raise refused(errno.EBADF)
        far = _born(there, struct.unpack_from("=i", data, 4)[0], peer)
        try:
            near = _born(self._space, index, found)
        except OSError:
            there.drop(far)
            raise
        near.peer, far.peer = far, near

    def _delete_link(self, flags: int, body: bytes) -> None:
        (index,) = struct.unpack_from("=i", body, 4)
        found = dict(attributes(body, OF_LINK))
        if index:
            self._space.drop(self._space.link(index))
            return
        doomed = [link for link in self._space.links.values() if link.group == found[27]]
        if not doomed:
            raise refused(errno.ENODEV)
        for link in doomed:
            self._space.drop(link)

    def _new_names(self, flags: int, body: bytes) -> None:
        """Give a link further names, of which each is in a namespace once."""
        link = self._space.link(struct.unpack_from("=i", body, 4)[0])
        given = [name for _, name in attributes(dict(attributes(body, OF_LINK))[52], 0)]
        if any(name in other.further for other in self._space.links.values() for name in given):
            raise refused(errno.EEXIST)
        link.further += given

    def _set_neighbour_table(self, flags: int, body: bytes) -> None:
        found = dict(attributes(body, 4))
        if number(dict(attributes(found[6], 0))[1]) not in self._space.links:
            raise refused(errno.ENOENT)

    # --- addresses and neighbours -----------------------------------------------------------------

    def _new_address(self, flags: int, body: bytes) -> None:
        key = self._address(body)
        if key[0] == AF_INET6:
            self._need_ipv6(self._space.links[key[2]])
        if key not in self._space.addresses:
            self._space.addresses.append(key)

    def _need_ipv6(self, link: FakeLink) -> None:
        if self._space.settings[IPV6_OFF.format(link.name)] == "1":
            raise refused(errno.EACCES)

    def _delete_address(self, flags: int, body: bytes) -> None:
        key = self._address(body)
        if key not in self._space.addresses:
            raise refused(errno.EADDRNOTAVAIL)
        self._space.addresses.remove(key)
        if key[0] == AF_INET and not any((a[0], a[2]) == (AF_INET, key[2]) for a in self._space.addresses):
            self._space.lose(key[2], AF_INET)  # it is off for IPv4

    def _address(self, body: bytes) -> tuple[int, int, int, bytes]:
        family, prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", body)
        self._space.link(index)
        return family, prefix, index, dict(attributes(body, OF_ADDRESS))[2]

    def _new_neighbour(self, flags: int, body: bytes) -> None:
        key, found = self._neighbour(body)
        self._space.neighbours[key] = found[2]

    def _delete_neighbour(self, flags: int, body: bytes) -> None:
        key, _found = self._neighbour(body)
        if self._space.neighbours.pop(key, None) is None:
            raise refused(errno.ENOENT)

    def _neighbour(self, body: bytes) -> tuple[tuple[int, int, bytes], Found]:
        family, index = struct.unpack_from("=Bxxxi", body)
        found = dict(attributes(body, OF_NEIGHBOUR))
        if not index:
            raise refused(errno.EINVAL)
        self._space.link(index)
        return (family, index, found[1]), found

    # --- routes and rules -------------------------------------------------------------------------

    def _new_route(self, flags: int, body: bytes) -> None:
        key, route = _route(body)
        if route.kind == rtnl.UNICAST and not self._space.link(route.link).up:
            raise refused(errno.ENETDOWN)
        self._space.routes[key] = route

    def _delete_route(self, flags: int, body: bytes) -> None:
        key, asked = _route(body)
        found = self._space.routes.get(key)
        if found is None or found.kind != asked.kind:
            raise refused(errno.ESRCH)
        del self._space.routes[key]

    def _new_rule(self, flags: int, body: bytes) -> None:
        rule = _rule(body)
        if flags & EXCLUSIVE and rule in self._space.rules:
            raise refused(errno.EEXIST)
        self._space.rules.append(rule)

    def _delete_rule(self, flags: int, body: bytes) -> None:
        asked = _rule(body)
        found = next((rule for rule in self._space.rules if _is_asked(rule, asked)), None)
        if found is None:
            raise refused(errno.ENOENT)
        self._space.rules.remove(found)

    # --- what is there ----------------------------------------------------------------------------

    def dump(self, message: Message) -> Iterator[tuple[int, bytes]]:
        kind, _flags, body = message
        shown = {
            rtnl.GETLINK: self._links,
            rtnl.GETADDR: self._addresses,
            rtnl.GETNEIGH: self._neighbours,
            rtnl.GETROUTE: self._routes,
            rtnl.GETRULE: self._rules,
        }[kind]
        return ((kind, found) for found in list(shown(body[0])))

    def _links(self, family: int) -> Iterator[bytes]:
        for link in self._space.links.values():
            header = struct.pack("=BxHiII", 0, 1, link.index, rtnl.UP if link.up else 0, 0)
            found = {3: link.name.encode() + b"\0", 4: link.mtu, 1: link.mac}
            yield header + packed(found | ({20: link.alias + b"\0"} if link.alias else {}))

    def _addresses(self, family: int) -> Iterator[bytes]:
        for own, prefix, index, address in self._space.addresses:
            if own == family:
                yield struct.pack("=BBBBI", own, prefix, 0, 0, index) + packed({1: address, 2: address})

    def _neighbours(self, family: int) -> Iterator[bytes]:
        for (own, index, address), mac in self._space.neighbours.items():
            if own == family:
                header = struct.pack("=BxxxiHBB", own, index, rtnl.PERMANENT, 0, 1)
                yield header + packed({1: address, 2: mac})

    def _routes(self, family: int) -> Iterator[bytes]:
        for (own, table, _address, length, _metric), route in self._space.routes.items():
            if own == family:
                numbers = (own, length, 0, 0, min(table, 252), route.protocol, route.scope, route.kind, 0)
                yield struct.pack("=8BI", *numbers) + packed(route.found)

    def _rules(self, family: int) -> Iterator[bytes]:
        for header, found in self._space.rules:
            if header[0] == family:
                yield header + packed(found)


def number(value: bytes) -> int:
    return int(struct.unpack("=I", value)[0])


def packed(found: Found) -> bytes:
    return b"".join(attribute(kind, value) for kind, value in found.items())


def _born(space: FakeSpace, index: int, found: Found) -> FakeLink:
    """A new link of a namespace, under a name and a number that nobody has."""
    name = found[3].rstrip(b"\0").decode()
    if space.named(name):
        raise refused(errno.EEXIST)
    if index in space.links:
        raise refused(errno.EBUSY)
    index = index or next(free for free in space.numbers if free not in space.links)
    link = FakeLink(space, name, index, found[1], found[4])
    space.join(link)
    return link


def _route(body: bytes) -> tuple[tuple[int, int, bytes, int, bytes], FakeRoute]:
    family, length, _src, _tos, _table, protocol, scope, kind, _flags = struct.unpack_from("=8BI", body)
    found = dict(attributes(body, OF_ROUTE))
    key = (family, number(found[15]), found.get(1, b""), length, found.get(6, b""))
    return key, FakeRoute(kind, scope, protocol, found)


def _is_asked(rule: tuple[bytes, Found], asked: tuple[bytes, Found]) -> bool:
    """True for a rule that has all that a removal names; what it does not name may be anything."""
    (family, to, source), (own_family, own_to, own_source) = asked[0][:3], rule[0][:3]
    same = family == own_family and to in (0, own_to) and source in (0, own_source)
    return same and asked[1].items() <= rule[1].items()


def _rule(body: bytes) -> tuple[bytes, Found]:
    return body[:OF_ROUTE], dict(attributes(body, OF_ROUTE))
