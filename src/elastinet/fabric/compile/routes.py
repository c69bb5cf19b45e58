"""A route table as items: its policy rules, and each route with the link and neighbour of its next hop. Pure.

Where a target leads by EC2's rules is decided before (`rules.next_hop`): what leads nowhere is a "blackhole"
here. Beside it, only what this machine does not have, or not yet, is no next hop.
"""

from collections.abc import Iterator
from socket import AF_INET6

from elastinet.fabric.compile import ipv6, middlebox, peering
from elastinet.fabric.compile.items import Item, PolicyRule, RouteItem
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import RoutingTable

GATEWAYS = {
    ("igw", False): names.INTERNET_ADDRESS,
    ("igw", True): ipv6.INTERNET,
    ("eigw", True): ipv6.EGRESS_ONLY,
}
"""The neighbour that a kind of gateway is, for IPv4 and for IPv6 (True)."""


def table(item: RoutingTable, view: CompileView) -> Iterator[Item]:
    """A route table's part; routes inside the VPC's own blocks are in a table that is asked before."""
    number, network = view.numbers.table(item.id), view.network(item.network)
    yield PolicyRule(number, number, number)
    has_ipv6 = view.has_ipv6(item.network)
    if has_ipv6:
        yield PolicyRule(number, number, number, family=AF_INET6)
    for route in item.routes:
        if ":" in route.destination and not has_ipv6:
            continue
        hop = next_hop(route.target, item.network, view, is_ipv6=":" in route.destination)
        if network and middlebox.is_inside(route.destination, network):
            yield RouteItem(number | names.INSIDE_TABLES, route.destination, *hop)
            yield from middlebox.rules(number, route.destination, network, view)
        else:
            yield RouteItem(number, route.destination, *hop)


def next_hop(target: str, network: str, view: CompileView, *, is_ipv6: bool) -> tuple[str, ...]:
    """The link and the neighbour that stand for a target in a network's router; () if there are none."""
    over = peering.live(target, view)
    if over and network in over.networks:
        return peering.next_hop(over, network, is_ipv6=is_ipv6)
    if (target == "igw" and view.igw(network)) or (target == "eigw" and view.eigw(network)):
        neighbour = GATEWAYS.get((target, is_ipv6))
        return (names.IGW_LINK, neighbour) if neighbour else ()
    interface = view.live(target)
    if interface is None or interface.network != network:
        return ()
    return names.host_link(target), names.link_local(interface.mac) if is_ipv6 else interface.addresses[0]
