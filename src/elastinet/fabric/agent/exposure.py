"""The machine itself as a host of the internet: it reaches public addresses, nobody reaches it.

Between the two stands a router in a namespace of its own. Who is root in the internet's namespace can change
every rule there, move its links elsewhere and send what he wants: the one that forbids lies where he is not.
"""

import contextlib
import os
import socket

from elastinet.catalog.network import GATEWAY_MTU, PUBLIC_POOL
from elastinet.fabric.agent.own_links import give, no_link, take_away
from elastinet.fabric.compile.items import Link, LinkAddress, Neighbour, RouteItem
from elastinet.fabric.contract import names
from elastinet.fabric.kernel import kernel, rtnl, sysctls
from elastinet.fabric.kernel.loop import complain
from elastinet.fabric.kernel.netlink import CREATE, Message, change
from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.rtmessages import rtmsg
from elastinet.fabric.kernel.worker import Worker

HOST = "host"
INSIDE, OUTSIDE, IN_INTERNET = "inside0", "outside0", "host0"
MTU, INDEX, LOOPBACK = GATEWAY_MTU, 20, 1
TO_HOST = Link(OUTSIDE, 20, HOST, MTU, names.GUARD_MAC, HOST, "", names.EXPOSED_LINK, names.HOST_MAC)
TO_INTERNET = Link(
    INSIDE, 21, names.INTERNET, MTU, names.INNER_GUARD_MAC, names.INTERNET, "", IN_INTERNET,
    names.INTERNET_MAC, peer_index=INDEX,
)  # fmt: skip
SYSCTLS = {
    "ipv6/conf/all/disable_ipv6": "1",
    "ipv6/conf/default/disable_ipv6": "1",
    "ipv4/conf/all/rp_filter": "1",
    "ipv4/conf/default/rp_filter": "1",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
    "ipv4/conf/all/proxy_arp": "1",
    "ipv4/ip_forward": "1",
}
FILTER = f"""
add table inet exposure
add chain inet exposure input {{ type filter hook input priority filter; policy drop; }}
add chain inet exposure forward {{ type filter hook forward priority filter; policy drop; }}
add rule inet exposure forward iif {TO_HOST.index} oif {TO_INTERNET.index} accept
add rule inet exposure forward iif {TO_INTERNET.index} oif {TO_HOST.index} ct state established,related accept
"""
"""The machine asks, and is answered; nothing is asked of it."""


class Exposure:
    """The way from the namespace that elastinet was started in, `host`, to the internet's, by the guard."""

    def __init__(self, host: int) -> None:
        os.set_inheritable(host, False)
        self._host = host
        self._guard: Worker | None = None

    def make(self, internet: int) -> None:
        """Make the way to the internet's namespace, of which this is a descriptor; raises OSError."""
        self.close()
        self._guard = Worker("exposure", None)
        try:
            self._guard.call(lambda: self._build(internet))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Take the way away, and the guard with it; its namespace takes along what cannot be deleted."""
        guard, self._guard = self._guard, None
        if guard is None:
            return
        try:
            guard.call(_leave)
        except OSError as error:
            complain(f"the way to this machine: {error}")
        guard.stop()

    def _build(self, internet: int) -> None:
        """Be the guard, before there is anything to pass; runs in its namespace."""
        for sysctl, value in SYSCTLS.items():
            sysctls.write(sysctl, value)
        with contextlib.closing(NftContext()) as nft:
            if refusal := nft.run(FILTER):
                raise OSError(refusal)
        change([rtnl.up(LOOPBACK)])  # a namespace without any address takes no gateway
        namespace_fds = {HOST: self._host, names.INTERNET: internet}
        for link in (TO_HOST, TO_INTERNET):
            change([*rtnl.add(link, no_link, namespace_fds.__getitem__), rtnl.up(link.index)])
        give(*_ways())
        with kernel.visit(internet):
            change([rtnl.up(INDEX), _back()])
        with kernel.visit(self._host):
            _settle()


def _leave() -> None:
    """Delete the links at once: the kernel takes its time with a namespace."""
    for link in (TO_HOST, TO_INTERNET):
        take_away(link)


def _ways() -> tuple[Neighbour | RouteItem, ...]:
    """The guard's neighbours and routes: nobody is asked for an address, so nobody can claim one."""
    table = names.MAIN_TABLE
    return (
        Neighbour(OUTSIDE, names.HOST_ADDRESS, names.HOST_MAC),
        Neighbour(INSIDE, names.INTERNET_ADDRESS, names.INTERNET_MAC),
        RouteItem(table, f"{names.HOST_ADDRESS}/32", OUTSIDE),
        RouteItem(table, f"{names.INTERNET_ADDRESS}/32", INSIDE),
        RouteItem(table, str(PUBLIC_POOL), INSIDE, names.INTERNET_ADDRESS),
    )


def _back() -> Message:
    """The internet's way to this machine; not marked as its router's own, which keeps its record of those."""
    fields = {"family": rtnl.INET, "dst_len": 32, "table": names.MAIN_TABLE, "proto": rtnl.BOOT,
              "type": rtnl.UNICAST, "scope": rtnl.ON_LINK}  # fmt: skip
    attributes = [("RTA_TABLE", names.MAIN_TABLE), ("RTA_DST", names.HOST_ADDRESS), ("RTA_OIF", INDEX)]
    return rtnl.encoded(rtnl.NEWROUTE, CREATE, rtmsg, fields, attributes)


def _settle() -> None:
    """Give this machine's end its address, and the routes to all public ones."""
    change([rtnl.up(socket.if_nametoindex(names.EXPOSED_LINK))])
    own = LinkAddress(names.EXPOSED_LINK, names.HOST_ADDRESS, 32)
    way = RouteItem(names.MAIN_TABLE, str(PUBLIC_POOL), names.EXPOSED_LINK, names.INTERNET_ADDRESS)
    give(own, way)
