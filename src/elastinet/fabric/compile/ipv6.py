"""The IPv6 part of a network and of an interface as items. Pure.

The router is the same link-local address on every link. A network without IPv6 blocks has none of this.
"""

import ipaddress
from collections.abc import Iterator
from socket import AF_INET6

from elastinet.fabric.compile import nft6
from elastinet.fabric.compile.items import (
    GuestAddress,
    Item,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Sysctl,
)
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Interface, Network

ROUTER = names.link_local(names.ROUTER_MAC)
INTERNET = names.link_local(names.INTERNET_MAC)
EGRESS_ONLY = names.link_local(names.EGRESS_ONLY_MAC)
LINK_PREFIX = 64


def network(item: Network, edge: int, *, limits: bool, frames: bool) -> Iterator[Item]:
    """A VPC's own part: IPv6 is on, what no interface has leads nowhere, and the services have addresses."""
    yield Sysctl("ipv6/conf/all/disable_ipv6", "0", "1")
    yield PolicyRule(names.LOCAL_PREFERENCE, 0, names.LOCAL_TABLE, family=AF_INET6)
    yield from (RouteItem(names.LOCAL_TABLE, cidr) for cidr in item.cidrs6)
    yield LinkAddress("lo", names.METADATA_ADDRESS6, 128)
    yield LinkAddress("lo", names.NTP_ADDRESS6, 128)
    if item.resolver:
        yield LinkAddress("lo", names.RESOLVER_ADDRESS6, 128)
    yield from nft6.network(item, edge, limits=limits, frames=frames)


def gateway() -> Iterator[Item]:
    """The VPC's end of its link to the internet, with a next hop for either kind of gateway."""
    yield LinkAddress(names.IGW_LINK, ROUTER, LINK_PREFIX)
    for hop in (INTERNET, EGRESS_ONLY):
        yield Neighbour(names.IGW_LINK, hop, names.INTERNET_MAC)


def internet(item: Network, link: str) -> Iterator[Item]:
    """The internet's end: nothing is translated, so it knows the way to the VPC's blocks."""
    yield LinkAddress(link, INTERNET, LINK_PREFIX)
    yield Neighbour(link, ROUTER, names.ROUTER_MAC)
    yield from (RouteItem(names.MAIN_TABLE, cidr, link, ROUTER) for cidr in item.cidrs6)


def interface(item: Interface, link: str, index: int, mark: int, *, frames: bool) -> Iterator[Item]:
    """An interface's part: the router on its link, and the way to its addresses."""
    block = ipaddress.IPv6Network(item.subnet6)
    yield LinkAddress(link, ROUTER, LINK_PREFIX)
    yield LinkAddress(link, str(block[1]), block.prefixlen)
    yield Neighbour(link, names.link_local(item.mac), item.mac)
    for address in item.addresses6:
        yield Neighbour(link, address, item.mac)
        yield RouteItem(names.LOCAL_TABLE, f"{address}/128", link)
    yield from nft6.interface(item, index, mark, frames=frames)


def inside(item: Interface, link: str) -> Iterator[Item]:
    """What the guest's end has: its addresses and prefixes."""
    further = (*item.addresses6, *(prefix for prefix in item.prefixes if ":" in prefix))
    yield from (GuestAddress(link, address) for address in further)


def translator(item: Interface, link: str) -> Iterator[Item]:
    """The part of a NAT gateway's interface to which IPv6 packets are sent: it has no address of its own."""
    yield LinkAddress(link, ROUTER, LINK_PREFIX)
    yield Neighbour(link, names.link_local(item.mac), item.mac)


def delegated(item: Interface, link: str, has_ipv6: bool) -> Iterator[Item]:
    """The way to the prefixes that were delegated to an interface."""
    for prefix in item.prefixes:
        if ":" not in prefix:
            yield RouteItem(names.LOCAL_TABLE, prefix, link, item.addresses[0])
        elif has_ipv6:
            yield RouteItem(names.LOCAL_TABLE, prefix, link, names.link_local(item.mac))
