"""One script of calls for any kernel, and what it answers: run as a program, of the real one.

The calls are drawn by a seed from items that get in each other's way: links of one name or one number, addresses
of links that are not there, routes over links that are down, chains that others lead to.
"""

import contextlib
import json
import os
import random
import sys
from collections.abc import Iterator

import msgspec

from elastinet.fabric.compile.items import (
    Chain,
    Element,
    GuestAddress,
    Item,
    Items,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Set,
    Sysctl,
    Up,
)
from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.fabric.kernel import kernel, nfobserve, nftext, observe, rtnl
from elastinet.fabric.kernel.doors import KERNEL, Doors
from elastinet.fabric.kernel.netlink import NETFILTER, Message
from elastinet.fabric.kernel.rtmessages import ifinfmsg
from elastinet.fabric.kernel.worker import Worker
from elastinet.fabric.router import guestend

CALLS, OBJECT_CALLS = 250, 60
IPV6_OFF = "ipv6/conf/{}/disable_ipv6"
INPUT = "type filter hook input priority filter; policy {};"


def _link(name: str, index: int, peer: str, mtu: int = 1500) -> Link:
    last = f"{index:02x}"
    return Link(name, index, f"eni-{name}", mtu, ROUTER_MAC, "guest", "t", peer, f"02:00:00:00:00:{last}")


ROUTES: list[Item] = [
    _link("l1", 101, "eth0"),
    _link("l2", 102, "eth1", 9001),
    _link("l2", 103, "eth2"),
    _link("l3", 101, "eth3"),
    _link("l4", 104, "eth0"),
    *[Up(name) for name in ("l1", "l2", "l4", "lo")],
    *[LinkAddress(name, "10.0.1.1", 24) for name in ("l1", "l2")],
    *[LinkAddress(name, "fe80::1", 64) for name in ("l1", "l2")],
    LinkAddress("l1", "2001:db8::1", 128),
    Sysctl(IPV6_OFF.format("default"), "1", "0"),
    *[Sysctl(IPV6_OFF.format(name), "0", "1") for name in ("l1", "l2")],
    *[Neighbour(name, "10.0.1.10", "02:00:00:00:00:aa") for name in ("l1", "l2")],
    Neighbour("l1", "10.0.1.10", "02:00:00:00:00:bb"),
    RouteItem(1000, "10.0.1.10/32", "l1"),
    RouteItem(1000, "10.0.1.10/32", "l2"),
    RouteItem(1000, "10.0.1.10/32"),
    RouteItem(1000, "0.0.0.0/0", "l1", "10.0.1.10"),
    RouteItem(1001, "10.0.0.0/8"),
    PolicyRule(10, 0x10, 1000),
    PolicyRule(10, 0x10, 1001),
    PolicyRule(11, 0, 1001, 0, "10.0.0.0/8"),
]
FILTERS: list[Item] = [
    Chain("one", ("tcp dport 80 accept",)),
    Chain("one", ("tcp dport 80 accept", "counter drop")),
    Chain("two", ("jump one",)),
    Chain("two", ("ip saddr . tcp dport @block accept", "goto three")),
    Chain("three", ("jump two",)),
    Chain("input", ("iif vmap @by_link",), INPUT.format("drop")),
    Set("block", "type ipv4_addr . inet_service; flags interval;"),
    Set("by_link", "type iface_index : verdict;", "map"),
    Set("names", "type ipv4_addr . inet_service : ipv4_addr;", "map"),
    Element("block", "10.0.0.0/8 . 80"),
    Element("block", "192.168.0.1 . 80-90"),
    Element("block", "172.16.0.1-172.16.0.9 . 0-65535"),
    Element("by_link", "1", "goto one"),
    Element("by_link", "1", "goto two"),
    Element("by_link", "2", "jump two"),
    Element("names", "10.0.0.1 . 80", "10.0.0.2"),
]
OBJECTS: list[Item] = [
    Set("slow", "protocol udp; l3proto ip; policy = { replied : 9, unreplied : 3 };", "ct timeout"),
    Set("dropped", "packets 0 bytes 0", "counter"),
    Chain("two", ('ct state new ct timeout set "slow"',)),
    Chain("three", ('counter name "dropped" drop',)),
    Set("flows", "typeof ct id; size 9; flags dynamic,timeout;"),
    Chain(
        "four",
        ("ct id != @flows goto three", "update @flows { ct id timeout 9s }", "delete @flows { ct id }"),
    ),
]
GUESTS: list[Item] = [
    msgspec.structs.replace(_link("l1", 101, "eth0"), address="10.0.1.10/24", gateway="10.0.1.1"),
    msgspec.structs.replace(_link("l2", 102, "eth1"), address="10.0.2.10/24", gateway="10.0.2.1"),
    *[
        GuestAddress(name, address)
        for name in ("eth0", "eth1")
        for address in ("2001:db8::1", "2001:db8::2", "10.0.3.1", "10.0.3.2")
    ],
]
ANY_IPV6 = LinkAddress("eth0", "::", 0)
"""Has the guest's IPv6 looked at, too."""


class Script:
    """Calls by one seed, in the namespace that the thread is in; `guest` is a descriptor of another."""

    def __init__(self, doors: Doors, guest: int, seed: int) -> None:
        self.doors, self.guest, self.random = doors, guest, random.Random(seed)
        self.there: Items = {}

    def answers(self) -> Iterator[str]:
        self._have_no_own_addresses()
        with self.doors.visit(self.guest):
            self._have_no_own_addresses()
        with (
            contextlib.closing(self.doors.netlink()) as self.netlink,
            contextlib.closing(self.doors.nft()) as self.nft,
        ):
            for kinds in (
                *[(ROUTES, FILTERS, FILTERS, GUESTS)] * CALLS,
                *[(FILTERS, OBJECTS)] * OBJECT_CALLS,
            ):
                item = self.random.choice(self.random.choice(kinds))
                is_added = self.random.random() < 0.65
                yield f"{'add' if is_added else 'remove'} {item}: {self._answer(item, is_added)}"
                yield from self._seen()
                yield from self._seen_in_guest()

    def _have_no_own_addresses(self) -> None:
        """Have links get no address of IPv6 by themselves, as a router's do not."""
        for scope in ("all", "default"):
            self.doors.write(f"ipv6/conf/{scope}/addr_gen_mode", "1")

    def _answer(self, item: Item, is_added: bool) -> str:
        if isinstance(item, nftext.KINDS):
            return self._filter(item, is_added)
        if item in GUESTS:
            return self._in_guest(item, is_added)
        if isinstance(item, Sysctl):
            self.doors.write(item.path, item.value if is_added else item.otherwise)
            said: list[OSError | None] = [None]
        elif is_added:
            said = self.netlink.send(rtnl.add(item, self._index, lambda _holder: self.guest))
        elif isinstance(item, Up):
            said = self.netlink.send([down(self._index(item.name))])
        else:
            said = self.netlink.send(rtnl.remove(item, self._index))
        if not any(said):
            self._note(item, is_added)
        return str([error and error.errno for error in said])

    def _filter(self, item: Item, is_added: bool) -> str:
        old = self.there.get(item.identity) if self.random.random() < 0.6 else None
        pair = (old, item) if is_added else (old or item, None)
        refusal = self.nft.run(nftext.script([pair]))
        if refusal is None:
            self._note(item, is_added)
        return (refusal or "done").rpartition(": ")[2].partition(";")[0]  # nft may guess what was meant

    def _in_guest(self, item: Item, is_added: bool) -> str:
        """Give the other end of a link its addresses, if it is there."""
        try:
            with self.doors.visit(self.guest):
                if isinstance(item, Link):
                    (guestend.settle if is_added else guestend.unsettle)(item, self.doors)
                elif isinstance(item, GuestAddress):
                    link, own = _link(item.link, 0, item.link), (item.address,)
                    guestend.settle_addresses(
                        link, own if is_added else (), () if is_added else own, self.doors
                    )
        except OSError:
            return "refused"
        return "done"

    def _seen_in_guest(self) -> Iterator[str]:
        """The addresses, routes and rules of the guest's ends, and what is up."""
        with self.doors.visit(self.guest), contextlib.closing(self.doors.netlink()) as netlink:
            ends: Items = {item.identity: item for item in (Up("eth0"), Up("eth1"), ANY_IPV6)}
            found = observe.correct(ends, netlink, self.doors.read)
        yield from sorted(f"  guest: {item}" for item in found.values())

    def _note(self, item: Item, is_added: bool) -> None:
        if is_added:
            self.there[item.identity] = item
        else:
            self.there.pop(item.identity, None)

    def _index(self, name: str) -> int:
        try:
            return self.doors.index(name)
        except OSError:
            return 0

    def _seen(self) -> Iterator[str]:
        """What there is by the kernel's own words, in an order of ours; from it goes on."""
        found = observe.correct(self.there, self.netlink, self.doors.read)
        with contextlib.closing(self.doors.netlink(NETFILTER)) as filter:
            found = nfobserve.correct(found, filter)
        self.there = found
        yield from sorted(f"  {item}" for item in found.values())


def down(index: int) -> Message:
    """The message that sets a link down."""
    return rtnl.encoded(rtnl.NEWLINK, 0, ifinfmsg, {"index": index, "flags": 0, "change": rtnl.UP}, [])


def main() -> None:
    """Print the answers for each seed."""
    print(json.dumps({seed: answers(int(seed)) for seed in sys.argv[1:]}))


def answers(seed: int) -> list[str]:
    """The real kernel's: of a new namespace, beside another that is the guest's."""
    near, far = Worker("near", None), Worker("far", None)
    guest = far.call(kernel.own_network)
    try:
        return near.call(lambda: list(Script(KERNEL, guest, seed).answers()))
    finally:
        near.stop()
        far.stop()
        os.close(guest)


if __name__ == "__main__":
    main()
