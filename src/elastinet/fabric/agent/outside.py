"""The way to the machine's network: from the internet's namespace by a guard's to slirp4netns, the carrier.

The guard is a namespace in which no process of a guest's is, for who is root in the internet's namespace
could change every rule there. What is closed is closed here.
"""

import contextlib
import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from elastinet.catalog.network import GATEWAY_MTU
from elastinet.fabric.agent.own_links import give, no_link, take_away
from elastinet.fabric.compile.items import Link, LinkAddress, Neighbour, RouteItem
from elastinet.fabric.contract import carrier, names
from elastinet.fabric.contract.carrier import DEVICE, Door, Offer
from elastinet.fabric.guest import ids
from elastinet.fabric.kernel import isolate, kernel, rtnl, sysctls
from elastinet.fabric.kernel.loop import Loop, complain
from elastinet.fabric.kernel.netlink import CREATE, EXCLUSIVE, Message, change
from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.rtmessages import fibmsg
from elastinet.fabric.kernel.worker import Worker
from elastinet.rules.closed_outside import CARRIER, CARRIER6
from elastinet.rules.proxies import ADDRESS

INSIDE, IN_INTERNET, INDEX, LOOPBACK = "inside0", "out0", 23, 1
LINK = Link(
    INSIDE, 30, names.INTERNET, GATEWAY_MTU, names.OUTSIDE_MAC, names.INTERNET, "", IN_INTERNET,
    names.INTERNET_MAC, peer_index=INDEX,
)  # fmt: skip
OUT_TABLE = 100


class Family(NamedTuple):
    """A version of IP: the guard's address inside and the internet's, all addresses, and the carrier's side.

    `own` is the address that all packets leave with, `next` the carrier's own, as slirp4netns has them.
    """

    number: int
    guard: str
    internet: str
    bits: int
    anywhere: str
    network: str
    own: str
    next: str


IPV4 = Family(
    socket.AF_INET, names.OUTSIDE_ADDRESS, names.INTERNET_ADDRESS, 32, "0.0.0.0/0",
    str(CARRIER), str(CARRIER[100]), str(CARRIER[2]),
)  # fmt: skip
IPV6 = Family(
    socket.AF_INET6, names.OUTSIDE_ADDRESS6, names.INTERNET_ADDRESS6, 128, "::/0",
    str(CARRIER6), str(CARRIER6[0x100]), str(CARRIER6[2]),
)  # fmt: skip
SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": "0",
    "ipv6/conf/all/forwarding": "1",
    "ipv6/conf/default/accept_ra": "0",
    "ipv6/conf/default/accept_redirects": "0",
    "ipv6/conf/default/accept_dad": "0",
    "ipv6/conf/default/addr_gen_mode": "1",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/default/rp_filter": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/ip_forward": "1",
}
OUT = f"iifname {INSIDE} oifname {DEVICE}"
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }"
FILTER = f"""
add table inet outside
add set inet outside closed {{ type ipv4_addr; flags interval; }}
add set inet outside closed6 {{ type ipv6_addr; flags interval; }}
add chain inet outside input {{ type filter hook input priority filter; policy drop; }}
add chain inet outside output {{ type filter hook output priority filter; policy drop; }}
add chain inet outside forward {{ type filter hook forward priority filter; policy drop; }}
add chain inet outside arriving {{ type nat hook prerouting priority dstnat; }}
add chain inet outside leaving {{ type nat hook postrouting priority srcnat; }}
add rule inet outside input iifname {DEVICE} {NEIGHBOURS} accept
add rule inet outside output oifname {INSIDE} accept
add rule inet outside output oifname {DEVICE} {NEIGHBOURS} accept
add rule inet outside forward {OUT} ct status dnat accept
add rule inet outside forward {OUT} ip daddr != @closed accept
add rule inet outside forward {OUT} ip6 daddr @closed6 drop
add rule inet outside forward {OUT} meta nfproto ipv6 meta l4proto {{ tcp, udp }} accept
add rule inet outside forward {OUT} icmpv6 type echo-request reject with icmpv6 type admin-prohibited
add rule inet outside forward iifname {DEVICE} oifname {INSIDE} ct state established,related accept
add rule inet outside leaving oifname {DEVICE} masquerade
"""
"""Instances ask, and are answered; nothing is asked of them. Where `arriving` leads is open: proxies.

slirp4netns carries no ping of IPv6, and would write a line of its log for each.
"""
ENDED = "slirp4netns has ended (elastinet logs): it is started again"
Heard = Callable[[str | None], None]
"""Gets the reason why no packet leaves, or None when they do."""


class Home:
    """The guard's network namespace, and the user namespace that it is of, if a user of its own has that.

    As root the carrier is that user: it is powerful in that user namespace, and nowhere else. Only for
    processes of a single thread.
    """

    def __init__(self) -> None:
        self.user: int | None = None
        self.namespaces: tuple[int, ...] = ()
        if not isolate.is_rootless():
            self.user = ids.carrier()
            self.namespaces = _owned(self.user)

    def doors(self, network: int) -> tuple[int, ...]:
        """What the carrier needs descriptors of."""
        if self.namespaces:
            return self.namespaces
        return network, os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def _owned(user: int) -> tuple[int, ...]:
    """Descriptors of a network namespace and of the user namespace that it is of, which the user owns."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET)
            os.write(tell, b".")
            signal.pause()
        os._exit(1)
    os.close(tell)
    try:
        if not os.read(told, 1):
            raise OSError(f"the user {user} can have no namespace for the way out")
        kinds = ("net", "user")
        return tuple(os.open(f"/proc/{child}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in kinds)
    finally:
        os.close(told)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class Outside:
    """The guard, its link to the internet's namespace, and the carrier of now."""

    def __init__(self, starter: int, home: Home, loop: Loop) -> None:
        os.set_inheritable(starter, False)
        self._starter = socket.socket(fileno=starter)
        self._home, self._loop = home, loop
        self._heard: Heard = lambda _why: None
        self._life: socket.socket | None = None
        self._guard = Worker("outside", home.namespaces[0] if home.namespaces else None)
        try:
            self._guard.call(_be_guard)
            self._doors = self._guard.call(lambda: home.doors(kernel.own_network()))
        except OSError:
            self._guard.stop()
            raise

    def listen(self, heard: Heard) -> None:
        """Take offers from now on, and tell whether packets can leave."""
        self._heard = heard
        self._loop.watch(self._starter.fileno(), self._take)

    def make(self, internet: int) -> None:
        """Make the link to the internet's namespace, of which this is a descriptor; raises OSError."""
        self.close()
        self._guard.call(lambda: _link(internet))

    def close(self) -> None:
        """Take the link away, if it is there."""
        try:
            self._guard.call(partial(take_away, LINK))
        except OSError as error:
            complain(f"the way to the machine's network: {error}")

    def _take(self) -> None:
        """Take an offer: close what is closed by it, and only then show the carrier its door."""
        received = carrier.receive(self._starter, Offer)
        if received is None or not received[1]:
            return
        offer, (fd, *_) = received
        self._forget()
        life = self._life = socket.socket(fileno=fd)
        try:
            self._guard.call(lambda: _close_networks(offer))
            carrier.send(life, Door(self._home.user), *self._doors)
        except OSError as error:
            self._forget()
            self._heard(str(error))
            return
        self._loop.watch(life.fileno(), lambda: self._hear(life))

    def _hear(self, life: socket.socket) -> None:
        """Hear that the carrier is ready, or that it is gone."""
        try:
            said = life.recv(len(carrier.READY))
            if said:
                self._guard.call(_use_carrier)
        except OSError as error:
            self._forget()
            self._heard(str(error))
            return
        if not said:
            self._forget()
        self._heard(None if said else ENDED)

    def _forget(self) -> None:
        """Let go of a carrier, which ends by that."""
        if self._life is not None:
            self._loop.forget(self._life.fileno())
            self._life.close()
            self._life = None


def _be_guard() -> None:
    """Be the guard, before there is anything to pass."""
    sysctls.forget_machine()
    for sysctl, value in SYSCTLS.items():
        sysctls.write(sysctl, value)
    _run(FILTER)
    change([rtnl.up(LOOPBACK)])
    for family in _families():
        give(LinkAddress("lo", family.guard, family.bits))
        change([_rule(family)])


def _families() -> tuple[Family, ...]:
    """Those that this kernel has."""
    return (IPV4, IPV6) if sysctls.read("ipv6/conf/all/disable_ipv6") else (IPV4,)


def _run(text: str) -> None:
    with contextlib.closing(NftContext()) as nft:
        if refusal := nft.run(text):
            raise OSError(refusal)


def _close_networks(offer: Offer) -> None:
    """Have exactly these networks closed, and these proxies at their ports."""
    text = "flush chain inet outside arriving\n"
    for name, is_six in (("closed", False), ("closed6", True)):
        blocks = ", ".join(block for block in offer.closed if (":" in block) == is_six)
        text += f"flush set inet outside {name}\nadd element inet outside {name} {{ {blocks} }}\n"
    for own, address, port in offer.proxies:
        match = f"iifname {INSIDE} ip daddr {ADDRESS} tcp dport {own}"
        text += f"add rule inet outside arriving {match} dnat ip to {address}:{port}\n"
    _run(text)


def _use_carrier() -> None:
    """Send what comes from inside to the carrier, whose device is new."""
    change([rtnl.up(socket.if_nametoindex(DEVICE))])
    for family in _families():
        give(
            LinkAddress(DEVICE, family.own, int(family.network.partition("/")[2])),
            RouteItem(OUT_TABLE, family.network, DEVICE),
            RouteItem(OUT_TABLE, family.anywhere, DEVICE, family.next),
        )


def _link(internet: int) -> None:
    """Make the link, and the ways over it; nobody is asked for an address, so nobody can claim one."""
    change([*rtnl.add(LINK, no_link, {names.INTERNET: internet}.__getitem__), rtnl.up(LINK.index)])
    families = _families()
    for family in families:
        _lead(family, INSIDE, family.internet, names.INTERNET_MAC)
    with kernel.visit(internet):
        change([rtnl.up(INDEX)])
        for family in families:
            _lead(family, IN_INTERNET, family.guard, names.OUTSIDE_MAC)


def _lead(family: Family, link: str, other: str, mac: str) -> None:
    """Have all that is nowhere else go to the other end of the link."""
    give(
        Neighbour(link, other, mac),
        RouteItem(names.MAIN_TABLE, f"{other}/{family.bits}", link),
        RouteItem(names.MAIN_TABLE, family.anywhere, link, other),
    )


def _rule(family: Family) -> Message:
    """What comes from inside goes by a table of its own; all else goes inside."""
    fields = {"family": family.number, "table": OUT_TABLE, "action": 1}
    attributes = [("FRA_PRIORITY", 100), ("FRA_TABLE", OUT_TABLE), ("FRA_IIFNAME", INSIDE)]
    return rtnl.encoded(rtnl.NEWRULE, CREATE | EXCLUSIVE, fibmsg, fields, attributes)
