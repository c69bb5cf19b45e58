"""The graph of what depends on what, from desired objects to namespaces; `nouns` begins with the nouns.

Two kinds of edges, each declared here and nowhere else:

- An object's compilation reads others (`Node.reads`, `Node.passes_on`). `compile.plan` compiles readers anew.
- A namespace's worker makes links that end in others (`Node.link`). `agent.namespaces` has these wait for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from elastinet.fabric.contract import names
from elastinet.fabric.contract.keys import (
    Dependency,
    Epoch,
    Exists,
    HasForwarders,
    HasIpv6,
    Key,
    NamespaceUp,
    ObjectKind,
)
from elastinet.fabric.contract.objects import (
    Acl,
    AnyObject,
    Appliance,
    BandwidthLimits,
    FlowLimitPeers,
    Group,
    Guest,
    Interface,
    Mapping,
    Members,
    Network,
    PeeringLink,
    RoutingTable,
)

T = TypeVar("T", bound=AnyObject)


@dataclass(frozen=True)
class Node(Generic[T]):
    """One kind of object.

    `reads` gives what the compilation of one reads of others. With
    `passes_on`, whoever reads one reads through it what itself reads. Example: a route leads to an interface
    only while the interface's guest is up. `link` gives the namespace whose worker makes its link, and the
    one that the link ends in.
    """

    reads: Callable[[T], Iterator[Dependency]]
    passes_on: bool = False
    link: Callable[[T], tuple[str, str]] | None = None


# --- what the compilation of each kind reads ------------------------------------------------------


def _in_networks(*networks: str) -> Iterator[Dependency]:
    for network in networks:
        yield from (Exists(Key("network", network)), HasIpv6(network))


def _network(item: Network) -> Iterator[Dependency]:
    yield from (NamespaceUp(names.INTERNET), Exists(Key("table", item.edge)))
    yield from (Epoch(item.id), HasForwarders(item.id))


def _interface(item: Interface) -> Iterator[Dependency]:
    yield from _in_networks(item.network)
    holder = Key("appliance", item.guest)
    yield from (NamespaceUp(item.guest), Exists(holder), holder, Key("bandwidth", item.guest))
    yield from (Exists(Key("table", item.table)), Key("acl", item.acl))
    yield from (Exists(Key("group", group)) for group in item.groups)
    if item.forwards:
        yield Key("network", item.network)
        yield from (Key("group", group) for group in item.groups)


def _table(item: RoutingTable) -> Iterator[Dependency]:
    yield from (Key("network", item.network), NamespaceUp(names.INTERNET))
    for route in item.routes:
        yield from (Key("interface", route.target), Key("peering", route.target))


def _group(item: Group) -> Iterator[Dependency]:
    yield from _in_networks(item.network)
    yield from (Exists(Key("members", peer)) for peer in item.peer_groups)


def _of_one_network(item: Members | Acl) -> Iterator[Dependency]:
    yield from _in_networks(item.network)


def _mapping(item: Mapping) -> Iterator[Dependency]:
    yield from (Key("network", item.network), NamespaceUp(names.INTERNET))
    yield from (NamespaceUp(item.guest), Key("bandwidth", item.guest))


def _bandwidth(item: BandwidthLimits) -> Iterator[Dependency]:
    yield from (NamespaceUp(item.id), NamespaceUp(names.INTERNET))
    yield from (Key("near", nearer.near) for nearer in item.nearer)
    yield from (Key("network", network) for network in item.networks)


def _near(item: FlowLimitPeers) -> Iterator[Dependency]:
    yield from _in_networks(*item.networks)


def _appliance(item: Appliance) -> Iterator[Dependency]:
    yield NamespaceUp(item.id)


def _peering(item: PeeringLink) -> Iterator[Dependency]:
    yield from (Key("network", network) for network in item.networks)
    yield NamespaceUp(item.ends[1])


def _guest(item: Guest) -> Iterator[Dependency]:
    yield from ()  # it has no items: its process makes what it needs


GRAPH: dict[ObjectKind, Node[Any]] = {
    "network": Node(_network, link=lambda network: (network.id, names.INTERNET)),
    "table": Node(_table),
    "interface": Node(
        _interface, passes_on=True, link=lambda interface: (interface.network, interface.guest)
    ),
    "group": Node(_group),
    "members": Node(_of_one_network),
    "acl": Node(_of_one_network),
    "mapping": Node(_mapping),
    "guest": Node(_guest),
    "appliance": Node(_appliance),
    "peering": Node(_peering, passes_on=True, link=lambda peering: peering.ends),
    "bandwidth": Node(_bandwidth),
    "near": Node(_near),
}
