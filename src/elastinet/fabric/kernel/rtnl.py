"""Items as rtnetlink messages: how each is made and how it is taken away."""

import errno
import struct
from collections.abc import Callable, Mapping
from typing import Any

from elastinet.fabric.compile.items import (
    Class,
    Item,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    Queue,
    Redirect,
    RouteItem,
    Up,
    family_of,
)
from elastinet.fabric.kernel import relay, tc
from elastinet.fabric.kernel.netlink import CREATE, EXCLUSIVE, REPLACE, Message, attribute
from elastinet.fabric.kernel.rtmessages import (
    Attributes,
    Form,
    fibmsg,
    ifaddrmsg,
    ifinfmsg,
    ndmsg,
    ndtmsg,
    rtmsg,
)

NEWLINK, DELLINK, GETLINK = 16, 17, 18
NEWADDR, DELADDR, GETADDR = 20, 21, 22
NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWNEIGH, DELNEIGH, GETNEIGH = 28, 29, 30
NEWRULE, DELRULE, GETRULE = 32, 33, 34
SETNEIGHTBL = 67
NEWLINKPROP = 108
PROP_LIST, ALT_IFNAME = 0x8000 | 52, 53
"""IFLA_PROP_LIST, which is nested, and IFLA_ALT_IFNAME in it."""
IFINFO = struct.Struct("=BxHiII")
INET, INET6, UP, PERMANENT, NOPREFIXROUTE, NODAD, ONLINK = 2, 10, 0x1, 0x80, 0x200, 0x2, 0x4
UNICAST, BLACKHOLE = 1, 6
UNIVERSE, ON_LINK = 0, 253
BOOT, STATIC = 3, 4
DOOMED_GROUP = 0x0E1A
MAIN = 254
QUEUE_PACKETS = 1000

LINK_LOCAL = "fe80:"

Index = Callable[[str], int]
"""Gives the index of a link by its name, 0 if there is none."""

Holder = Callable[[str], int]
"""Gives a descriptor of the network namespace of a guest, or of the middle of a mediated link."""


def encoded(kind: int, flags: int, form: Form, fields: Mapping[str, int], attributes: Attributes) -> Message:
    """Give a message with its fields and attributes in the kernel's form."""
    return kind, flags, form.encode(fields, attributes)


def add(item: Item, index: Index, holder: Holder) -> list[Message]:
    """Give the messages that make an item, in order."""
    match item:
        case Link():
            return [*_made(item, holder), _alias(item), _prompt(item.index)]
        case Up():
            return [up(index(item.name))]
        case LinkAddress():
            return [_address(NEWADDR, CREATE | REPLACE, item, index(item.link))]
        case Neighbour():
            return [_neighbour(NEWNEIGH, CREATE | REPLACE, item, index(item.link))]
        case RouteItem():
            return [_path(NEWROUTE, CREATE | REPLACE, item, index(item.link) if item.link else 0)]
        case PolicyRule():
            return [_rule(NEWRULE, CREATE | EXCLUSIVE, item)]
        case Queue():
            return [*_device(item), tc.root(item, item.index or index(item.name))]
        case Class():
            return [tc.add(item, index(item.queue))]
        case Redirect():
            return tc.redirect(index(item.link), index(item.queue))
        case _:
            return []


def _device(item: Queue) -> list[Message]:
    """The messages that make the device of a queue (an ifb); none for a queue of a link itself."""
    if not item.index:
        return []
    kind = {"attrs": [("IFLA_INFO_KIND", "ifb")]}
    own = [("IFLA_IFNAME", item.name), ("IFLA_TXQLEN", QUEUE_PACKETS), ("IFLA_LINKINFO", kind)]
    made = encoded(NEWLINK, CREATE | EXCLUSIVE, ifinfmsg, {"index": item.index}, own)
    return [made, _alias(item)]


def _made(link: Link, holder: Holder) -> list[Message]:
    if link.mediated:
        return _mediated(link, holder(relay.middle_of(link.name)), holder(link.holder))
    return [_veth(link, holder(link.holder))]


def remove(item: Item, index: Index) -> list[Message]:
    """Give the messages that take an item away."""
    match item:
        case Queue() if not item.index:
            return [tc.no_root(number)] if (number := index(item.name)) else []
        case Class() if number := index(item.queue):
            return [tc.remove(item, number)]
        case Redirect() if number := index(item.link):
            return [tc.no_redirect(number)]
        case Link() | Queue() if number := index(item.name):
            return [encoded(DELLINK, 0, ifinfmsg, {"index": number}, [])]
        case LinkAddress() if number := index(item.link):
            return [_address(DELADDR, 0, item, number)]
        case Neighbour() if number := index(item.link):
            return [_neighbour(DELNEIGH, 0, item, number)]
        case RouteItem() if not item.link or index(item.link):
            return [_path(DELROUTE, 0, item, 0)]
        case PolicyRule():
            return [_rule(DELRULE, 0, item)]
        case _:
            return []


def remove_links(numbers: list[int]) -> list[Message]:
    """Give the messages that take many links away at once: each alone waits for the kernel's readers."""
    marked = [encoded(NEWLINK, 0, ifinfmsg, {"index": n}, [("IFLA_GROUP", DOOMED_GROUP)]) for n in numbers]
    return [*marked, encoded(DELLINK, 0, ifinfmsg, {}, [("IFLA_GROUP", DOOMED_GROUP)])]


def is_absence(error: OSError) -> bool:
    """True if a removal failed only because there was nothing to remove."""
    return error.errno in (errno.ENODEV, errno.ESRCH, errno.ENOENT, errno.EADDRNOTAVAIL)


def up(number: int) -> Message:
    """The message that sets a link up; it must be one of its own, after the link's birth."""
    return encoded(NEWLINK, 0, ifinfmsg, {"index": number, "flags": UP, "change": UP}, [])


def other_name(number: int, name: str) -> Message:
    """The message by which a link has a further name; put together here, for every interface has two."""
    further = attribute(ALT_IFNAME, name.encode() + b"\0")
    return NEWLINKPROP, CREATE | EXCLUSIVE, IFINFO.pack(0, 0, number, 0, 0) + attribute(PROP_LIST, further)


def _alias(link: Link | Queue) -> Message:
    """The message that gives a link its full name; at a link's birth the kernel does not take it."""
    return encoded(NEWLINK, 0, ifinfmsg, {"index": link.index}, [("IFLA_IFALIAS", link.alias)])


def _prompt(number: int) -> Message:
    """Have a link answer ARP for others at once; the kernel's default waits up to 0.8 s."""
    parms = {"attrs": [("NDTPA_IFINDEX", number), ("NDTPA_PROXY_DELAY", 0)]}
    return encoded(
        SETNEIGHTBL, 0, ndtmsg, {"family": INET}, [("NDTA_NAME", "arp_cache"), ("NDTA_PARMS", parms)]
    )


def _veth(link: Link, namespace: int) -> Message:
    """A pair whose other end is born in the holder's namespace, under its final name."""
    own = [("IFLA_IFNAME", link.name), ("IFLA_ADDRESS", link.mac), ("IFLA_MTU", link.mtu)]
    return _pair(link.index, own, link.peer_index, _guest_end(link, namespace))


def _mediated(link: Link, middle: int, namespace: int) -> list[Message]:
    """Two pairs, from here to the middle and from there to the holder's namespace: a relay joins them."""
    own = [("IFLA_IFNAME", link.name), ("IFLA_ADDRESS", link.mac), ("IFLA_MTU", link.mtu)]
    near, far = (
        [("IFLA_IFNAME", name), ("IFLA_MTU", link.mtu), ("IFLA_NET_NS_FD", middle)]
        for name in (relay.TO_ROUTER, relay.TO_GUEST)
    )
    return [_pair(link.index, own, 0, near), _pair(0, far, link.peer_index, _guest_end(link, namespace))]


def _guest_end(link: Link, namespace: int) -> list[Any]:
    return [("IFLA_IFNAME", link.peer_name), ("IFLA_ADDRESS", link.peer_mac), ("IFLA_MTU", link.mtu),
            ("IFLA_NET_NS_FD", namespace)]  # fmt: skip


def _pair(index: int, own: list[Any], peer_index: int, peer: list[Any]) -> Message:
    data = {"attrs": [("VETH_INFO_PEER", {"index": peer_index, "attrs": peer})]}
    info = {"attrs": [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", data)]}
    return encoded(NEWLINK, CREATE | EXCLUSIVE, ifinfmsg, {"index": index}, [*own, ("IFLA_LINKINFO", info)])


def _address(kind: int, flags: int, item: LinkAddress, number: int) -> Message:
    """An address; a link-local one brings the route to its link, and nobody is asked whether it is free."""
    fields = {"family": family_of(item.address), "prefixlen": item.prefix, "index": number}
    kept = NODAD if ":" in item.address else 0
    kept |= 0 if item.address.startswith(LINK_LOCAL) else NOPREFIXROUTE
    attributes = [("IFA_LOCAL", item.address), ("IFA_ADDRESS", item.address), ("IFA_FLAGS", kept)]
    return encoded(kind, flags, ifaddrmsg, fields, attributes)


def _neighbour(kind: int, flags: int, item: Neighbour, number: int) -> Message:
    fields = {"family": family_of(item.address), "ifindex": number, "state": PERMANENT}
    return encoded(kind, flags, ndmsg, fields, [("NDA_DST", item.address), ("NDA_LLADDR", item.mac)])


def _path(kind: int, flags: int, item: RouteItem, number: int) -> Message:
    """A route; the one taken away is found by table, destination and kind alone, whoever made it."""
    address, prefix = item.destination.split("/")
    fields = {"family": family_of(address), "dst_len": int(prefix), "table": min(item.table, 252),
              "proto": STATIC if kind == NEWROUTE else 0, "type": UNICAST if item.link else BLACKHOLE,
              "scope": UNIVERSE if item.via or not item.link else ON_LINK}  # fmt: skip
    attributes: list[Any] = [("RTA_TABLE", item.table)]
    if prefix != "0":
        attributes.append(("RTA_DST", address))
    if number:
        attributes.append(("RTA_OIF", number))
    if number and item.via:
        fields["flags"] = 0 if item.via.startswith(LINK_LOCAL) else ONLINK
        attributes.append(("RTA_GATEWAY", item.via))
    return encoded(kind, flags, rtmsg, fields, attributes)


def _rule(kind: int, flags: int, item: PolicyRule) -> Message:
    fields = {"family": item.family, "table": min(item.table, 252), "action": 1}
    attributes: list[Any] = [("FRA_PRIORITY", item.preference), ("FRA_TABLE", item.table)]
    if item.mark:
        attributes += [("FRA_FWMARK", item.mark), ("FRA_FWMASK", item.mask)]
    if item.to:
        address, prefix = item.to.split("/")
        fields["dst_len"] = int(prefix)
        attributes.append(("FRA_DST", address))
    return encoded(kind, flags, fibmsg, fields, attributes)
