"""What a NAT gateway does with IPv6 packets to 64:ff9b::/96, as items: they go on as IPv4 packets. Pure.

    eth0 ─► 64:ff9b:: becomes fd00:2ff:: ─► every source becomes one (IPv6 NAT) ─► nat64, tayga ─┐
    eth0 ◄─ the gateway's own address (IPv4 NAT, as for all that it forwards) ◄─ nat64 ◄─────────┘

Three things follow from how tayga is.

- It keeps an IPv4 address for each source, for hours. So the kernel makes all sources one before; it
  remembers connections anyway.
- It translates no 64:ff9b::/96 to addresses that are private, or set aside for tests as all public ones here
  are. So that prefix becomes another.
- Its errors come from routers, which no connection knows. So the prefix is changed without state, in an
  error's source and in what the error quotes. Both prefixes have the same sum, so no checksum changes.
"""

import ipaddress
from collections.abc import Iterator

from elastinet.catalog.nat64 import NAT64
from elastinet.catalog.protocols import ICMP6
from elastinet.fabric.compile.items import Chain, Item, LinkAddress, Neighbour, RouteItem, Sysctl
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface

ROUTER = names.link_local(names.ROUTER_MAC)
ERRORS = "{ 1, 2, 3, 4 }"
SOURCE, DESTINATION, QUOTED_DESTINATION = "@nh,64,96", "@nh,192,96", "@th,256,96"
"""The upper 96 bits of a packet's addresses, and of the destination that an ICMPv6 error quotes."""


def _upper(prefix: str) -> str:
    """The upper 96 bits of a prefix as a number that nftables takes."""
    return f"0x{int(ipaddress.IPv6Network(prefix).network_address) >> 32:024x}"


INSIDE, OUTSIDE = _upper(names.TRANSLATED_PREFIX), _upper(str(NAT64))


def base() -> Iterator[Item]:
    """The gateway's part: IPv6 is on, and what tayga translates leads to it."""
    yield Sysctl("ipv6/conf/all/disable_ipv6", "0", "1")
    for there in (names.TRANSLATED_PREFIX, f"{names.TRANSLATED_ADDRESS}/32"):
        yield RouteItem(names.MAIN_TABLE, there, names.NAT64_LINK)


def interface(item: Interface) -> Iterator[Item]:
    """Its interface's part: answers go over the router, and only what asks for IPv4 addresses comes in."""
    yield LinkAddress(item.device, names.link_local(item.mac), 64)
    yield Neighbour(item.device, ROUTER, names.ROUTER_MAC)
    yield RouteItem(names.MAIN_TABLE, "::/0", item.device, ROUTER)
    asked = (
        f'iifname != "{item.device}" accept',
        f"ip6 daddr {NAT64} {DESTINATION} set {INSIDE} accept",
        "meta nfproto ipv6 drop",
    )
    yield Chain("asked6", asked, "type filter hook prerouting priority raw; policy accept;")
    answer = f'oifname "{item.device}" ip6 saddr {names.TRANSLATED_PREFIX}'
    answered = (
        f"{answer} meta l4proto {ICMP6} icmpv6 type {ERRORS} {QUOTED_DESTINATION} set {OUTSIDE}",
        f"{answer} {SOURCE} set {OUTSIDE}",
    )
    yield Chain("answered6", answered, "type filter hook postrouting priority 300; policy accept;")


def sources(ports: str) -> Iterator[str]:
    """The rules that make every source of IPv6 one."""
    yield f"meta l4proto {{ tcp, udp }} snat ip6 to [{names.TRANSLATED_ADDRESS6}]:{ports}"
    yield f"meta l4proto {ICMP6} snat ip6 to {names.TRANSLATED_ADDRESS6}"
