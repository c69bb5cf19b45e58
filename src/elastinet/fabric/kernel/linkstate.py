"""The state of a link in this namespace, read before a program gets it and restored afterwards.

A program may have changed the link itself, and with that the kernel's addresses and routes on it: a link that
goes down loses its routes, one with an MTU below 1,280 its IPv6 addresses.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from elastinet.fabric.kernel import rtnl
from elastinet.fabric.kernel.netlink import CREATE, REPLACE, Message, Netlink, attributes
from elastinet.fabric.kernel.rtmessages import ifinfmsg

MAC, NAME, MTU, MASTER = 1, 3, 4, 10
PROMISCUOUS, ALL_MULTICAST = 0x100, 0x200
SETTABLE = rtnl.UP | PROMISCUOUS | ALL_MULTICAST
OUT_BY, ADDRESS_AGE, ROUTE_AGE = 4, 6, 12
BY_KERNEL = 2


class LinkState(NamedTuple):
    """A link, and the addresses and routes on it as the kernel tells and takes them.

    `master` is the number of the bridge (or the like) that it is a port of, 0 for none.
    """

    number: int
    name: str
    master: int
    flags: int
    mtu: int
    mac: str
    addresses: tuple[bytes, ...]
    routes: tuple[bytes, ...]


def read(netlink: Netlink, name: str) -> LinkState:
    """Look at a link; OSError if there is none of this name."""
    for _, body in list(netlink.dump((rtnl.GETLINK, 0, bytes(16)))):
        _family, _kind, index, flags, _change = struct.unpack_from("=BxHiII", body)
        found = dict(attributes(body, 16))
        if found[NAME].rstrip(b"\0").decode() == name:
            master, mtu = (struct.unpack("=I", found.get(one, bytes(4)))[0] for one in (MASTER, MTU))
            on_link = tuple(_addresses(netlink, index)), tuple(_routes(netlink, index))
            return LinkState(index, name, master, flags & SETTABLE, mtu, found[MAC].hex(":"), *on_link)
    raise OSError(f"there is no link {name}")


def set_mtu(netlink: Netlink, index: int, mtu: int) -> None:
    """Have a link take packets up to a size."""
    _do(netlink, [_of(index, ("IFLA_MTU", mtu))])


def restore(netlink: Netlink, before: LinkState) -> None:
    """Have a link be again what it was.

    Its name and master come last: another link may have the name by now, and the master may be gone.
    """
    master = _of(before.number, ("IFLA_MASTER", before.master))
    if not before.master:  # first, for what lets a port go may set it down and give it another MAC
        _do(netlink, [master])
    own = [("IFLA_MTU", before.mtu), ("IFLA_ADDRESS", before.mac)]
    _do(netlink, [_of(before.number, *own, flags=before.flags, change=SETTABLE)])
    _put_back(netlink, rtnl.NEWADDR, before.addresses, _addresses(netlink, before.number), 8, ADDRESS_AGE)
    _put_back(netlink, rtnl.NEWROUTE, before.routes, _routes(netlink, before.number), 12, ROUTE_AGE)
    _do(netlink, [_of(before.number, ("IFLA_IFNAME", before.name)), master])


def _of(index: int, *attributes: tuple[str, object], **fields: int) -> Message:
    """The message that changes something of a link."""
    return rtnl.encoded(rtnl.NEWLINK, 0, ifinfmsg, {"index": index, **fields}, list(attributes))


def _put_back(
    netlink: Netlink, kind: int, before: tuple[bytes, ...], now: Iterator[bytes], header: int, age: int
) -> None:
    """Make anew what is missing; how old a thing is makes no other thing of it."""
    there = {_identity(body, header, age) for body in now}
    missing = [body for body in before if _identity(body, header, age) not in there]
    _do(netlink, [(kind, CREATE | REPLACE, body) for body in missing])


def _identity(body: bytes, header: int, age: int) -> tuple[bytes, frozenset[tuple[int, bytes]]]:
    told = frozenset(pair for pair in attributes(body, header) if pair[0] != age)
    return body[:header], told


def _addresses(netlink: Netlink, link: int) -> Iterator[bytes]:
    for family in (rtnl.INET, rtnl.INET6):
        for _, body in netlink.dump((rtnl.GETADDR, 0, bytes((family,)) + bytes(7))):
            if struct.unpack_from("=4xI", body) == (link,):
                yield body


def _routes(netlink: Netlink, link: int) -> Iterator[bytes]:
    """The routes over a link but those that the kernel makes with an address."""
    for family in (rtnl.INET, rtnl.INET6):
        for _, body in netlink.dump((rtnl.GETROUTE, 0, bytes((family,)) + bytes(11))):
            over = dict(attributes(body, 12)).get(OUT_BY)
            if over == struct.pack("=I", link) and body[5] != BY_KERNEL:
                yield body


def _do(netlink: Netlink, messages: list[Message]) -> None:
    for error in filter(None, netlink.send(messages)):
        raise error
