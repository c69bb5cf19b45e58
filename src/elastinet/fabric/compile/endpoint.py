"""An interface endpoint's packet filter as items: two ports of TCP, and what TCP needs of ICMP. Pure.

It remembers no connections: nobody but the engine listens there, and it asks nobody.
"""

from collections.abc import Iterator

from elastinet.catalog.protocols import ICMP6
from elastinet.fabric.compile.items import Chain, Item, LinkAddress, Neighbour, RouteItem, Sysctl, Up
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface

ROUTER = names.link_local(names.ROUTER_MAC)
ACCEPTED = (
    "tcp dport { 80, 443 } accept",
    "meta l4proto icmp icmp type destination-unreachable accept",
    f"meta l4proto {ICMP6} icmpv6 type {{ 1, 2, 135, 136 }} accept",
)
"""Errors tell of smaller MTUs, and the router asks by 135 and 136 for the MAC."""


def base() -> Iterator[Item]:
    """An endpoint's filter."""
    hook = "type filter hook {} priority filter; policy drop;"
    yield Chain("input", ACCEPTED, hook.format("input"))
    yield Chain("forward", (), hook.format("forward"))


def interface(item: Interface, *, has_ipv6: bool) -> Iterator[Item]:
    """Its addresses, and the way to the router."""
    yield Up(item.device)
    if item.addresses:
        yield LinkAddress(item.device, item.addresses[0], int(item.subnet.partition("/")[2]))
        yield RouteItem(names.MAIN_TABLE, "0.0.0.0/0", item.device, item.gateway)
    if has_ipv6 and item.addresses6:
        yield Sysctl("ipv6/conf/all/disable_ipv6", "0", "1")
        yield LinkAddress(item.device, names.link_local(item.mac), 64)
        yield from (LinkAddress(item.device, address, 128) for address in item.addresses6)
        yield Neighbour(item.device, ROUTER, names.ROUTER_MAC)
        yield RouteItem(names.MAIN_TABLE, "::/0", item.device, ROUTER)
