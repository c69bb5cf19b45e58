"""A peering connection as items: a link between two routers, which carries the two VPCs' own addresses. Pure.

What comes over it has no mark, so it is delivered locally or not at all: peering is not transitive.
"""

from collections.abc import Iterator

from elastinet.fabric.compile import classes
from elastinet.fabric.compile.items import Chain, Element, Item, Link, Neighbour, Up
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.objects import Network, PeeringLink


def live(id: str, view: CompileView) -> PeeringLink | None:
    """A peering connection, if both its routers are there."""
    found = view.objects.get(Key("peering", id))
    if not isinstance(found, PeeringLink) or not all(view.network(network) for network in found.networks):
        return None
    return found if found.ends[1] in view.up else None


def maker_end(item: PeeringLink, view: CompileView) -> Iterator[Item]:
    """The link, with the items of its end, at the router that makes it."""
    maker, taker = item.ends
    link, index = names.peering_link(item.id), view.numbers.link(item.id)
    token = f"{item.id}/{view.up[taker]}"
    yield Link(link, index, item.id, item.mtu, names.ROUTER_MAC, taker, token, link, names.PEER_MAC,
               peer_index=index)  # fmt: skip
    yield from _end(link, index, view.network(maker), view.network(taker), names.PEER_MAC)
    yield from _limit(item, link, view)


def taker_end(item: PeeringLink, view: CompileView) -> Iterator[Item]:
    """The items of the link's end at the other router."""
    maker, taker = item.ends
    link, index = names.peering_link(item.id), view.numbers.link(item.id)
    yield from _end(link, index, view.network(taker), view.network(maker), names.ROUTER_MAC)
    yield from _limit(item, link, view)


def _limit(item: PeeringLink, link: str, view: CompileView) -> Iterator[Item]:
    """The queue for packets that leave by an end; none if no more can come than the link carries."""
    if view.shapes and 0 < item.bandwidth_bps < view.most_bps:
        yield from classes.link(link, item.bandwidth_bps)


def _end(link: str, index: int, own: Network | None, other: Network | None, mac: str) -> Iterator[Item]:
    """The items of either end: only packets from the one VPC to the other go to the other end, `mac`."""
    assert own is not None
    assert other is not None
    yield Up(link)
    yield Neighbour(link, names.PEER_ADDRESS, mac)
    if own.cidrs6:
        yield Neighbour(link, names.link_local(mac), mac)
    yield Element("peerings", str(index))
    yield Element("egress", str(index), "goto admitted")
    yield Element("ingress", str(index), f"goto {link}_in")
    yield Chain(f"{link}_in", (*_between("ip", own.cidrs, other.cidrs),
                               *_between("ip6", own.cidrs6, other.cidrs6), "drop"))  # fmt: skip


def _between(family: str, sources: tuple[str, ...], destinations: tuple[str, ...]) -> Iterator[str]:
    if sources and destinations:
        yield (
            f"{family} saddr {{ {', '.join(sources)} }} {family} daddr {{ {', '.join(destinations)} }} accept"
        )


def next_hop(item: PeeringLink, network: str, *, is_ipv6: bool) -> tuple[str, str]:
    """The link and the neighbour of a network's routes over a peering connection."""
    other = names.PEER_MAC if network == item.ends[0] else names.ROUTER_MAC
    return names.peering_link(item.id), names.link_local(other) if is_ipv6 else names.PEER_ADDRESS
