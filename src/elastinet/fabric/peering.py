"""A peering connection as items: a link between two routers, which carries the two VPCs' own addresses. Pure.

What comes over it has no mark, so it is delivered locally or not at all: peering is not transitive.
"""

from collections.abc import Iterator

from elastinet.fabric import names
from elastinet.fabric.items import Chain, Element, Item, Link, Neighbour, Path, Up
from elastinet.fabric.objects import Network, Peering
from elastinet.fabric.view import View


def ends(item: Peering) -> tuple[str, str]:
    """The network whose router makes the link, and the one into which its other end is born."""
    maker, taker = sorted(item.networks)
    return maker, taker


def live(id: str, view: View) -> Peering | None:
    """A peering connection, if both its routers are there."""
    found = view.objects.get(f"peering:{id}")
    if not isinstance(found, Peering) or not all(view.network(network) for network in found.networks):
        return None
    return found if ends(found)[1] in view.up else None


def maker_end(item: Peering, view: View) -> Iterator[Item]:
    """What the router has that makes the link."""
    maker, taker = ends(item)
    link, index = names.peering_link(item.id), view.numbers.link(item.id)
    token = f"{item.id}/{view.up[taker]}"
    yield Link(link, index, item.id, item.mtu, names.ROUTER_MAC, taker, token, link, names.PEER_MAC,
               peer_index=index)  # fmt: skip
    yield Neighbour(link, names.PEER_ADDRESS, names.PEER_MAC)
    yield from _end(link, index, view.network(maker), view.network(taker))


def taker_end(item: Peering, view: View) -> Iterator[Item]:
    """What the other router has."""
    maker, taker = ends(item)
    link = names.peering_link(item.id)
    yield Neighbour(link, names.PEER_ADDRESS, names.ROUTER_MAC)
    yield from _end(link, view.numbers.link(item.id), view.network(taker), view.network(maker))


def _end(link: str, index: int, own: Network | None, other: Network | None) -> Iterator[Item]:
    """What both have: only what is from the one VPC and to the other goes out."""
    assert own is not None
    assert other is not None
    yield Up(link)
    yield Element("peerings", str(index))
    yield Element("egress", str(index), "goto admitted")
    yield Element("ingress", str(index), f"goto {link}_in")
    sources, destinations = (f"{{ {', '.join(network.cidrs)} }}" for network in (own, other))
    yield Chain(f"{link}_in", (f"ip saddr {sources} ip daddr {destinations} accept", "drop"))


def path(table: int, destination: str, item: Peering) -> Path:
    """A route over a peering connection."""
    return Path(table, destination, names.peering_link(item.id), names.PEER_ADDRESS)
