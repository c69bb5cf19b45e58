"""The one graph of what depends on what, from nouns over desired objects to namespaces.

Three kinds of edges, each declared here and nowhere else:

- A noun's change alters objects (`Node.nouns`, `THROUGH`). `desired.touching` finds which, to build anew.
- An object's compilation reads others (`Node.reads`, `Node.passes_on`). `compile.plan` compiles readers anew.
- A namespace's worker makes links that end in others (`Node.link`). `agent.namespaces` has these wait for it.

A noun or a kind of object that nobody has declared is an error at import.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args

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
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.account import ClientToken, RegionSettings
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fleet import Fleet
from elastinet.model.foreign import Foreign
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.insights import InsightsAnalysis, InsightsPath
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion
from elastinet.model.managed_policy import ManagedPolicy
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import DedicatedHost, Failure, PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.role import InstanceProfile, Role
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import KINDS
from elastinet.model.transfer import AddressTransfer
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc

T = TypeVar("T", bound=AnyObject)
AnyKind = type[Noun]


@dataclass(frozen=True)
class Node(Generic[T]):
    """One kind of object.

    A change of one of `nouns` may alter it. `reads` gives what the compilation of one reads of others. With
    `passes_on`, whoever reads one reads through it what itself reads. Example: a route leads to an interface
    only while the interface's guest is up. `link` gives the namespace whose worker makes its link, and the
    one that the link ends in.
    """

    nouns: frozenset[AnyKind]
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
    "network": Node(
        frozenset({Vpc, Subnet, InternetGateway, EgressOnlyGateway, RouteTable, VpcEndpoint}),
        _network,
        link=lambda network: (network.id, names.INTERNET),
    ),
    "table": Node(
        frozenset(
            {RouteTable, Vpc, Subnet, PrefixList, NetworkInterface, NatGateway, Peering, EgressOnlyGateway}
        ),
        _table,
    ),
    "interface": Node(
        frozenset({NetworkInterface, Address, Vpc, Subnet, RouteTable, NetworkAcl}),
        _interface,
        passes_on=True,
        link=lambda interface: (interface.network, interface.guest),
    ),
    "group": Node(
        frozenset({SecurityGroup, SecurityGroupRule, Vpc, PrefixList, NetworkInterface, Peering}), _group
    ),
    "members": Node(
        frozenset({SecurityGroup, SecurityGroupRule, Vpc, NetworkInterface}), _of_one_network
    ),
    "acl": Node(frozenset({NetworkAcl, Vpc}), _of_one_network),
    "mapping": Node(frozenset({Address, NetworkInterface, InternetGateway}), _mapping),
    "guest": Node(frozenset({Instance, NetworkInterface, SecurityGroupRule, Volume}), _guest),
    "appliance": Node(frozenset({NatGateway, RouteTable, Vpc, NetworkInterface}), _appliance),
    "peering": Node(
        frozenset({Peering, Vpc}), _peering, passes_on=True, link=lambda peering: peering.ends
    ),
    "bandwidth": Node(frozenset({Instance, NetworkInterface}), _bandwidth),
    "near": Node(frozenset({Instance, NetworkInterface, Peering}), _near),
}  # fmt: skip
THROUGH: dict[AnyKind, frozenset[AnyKind]] = {
    Instance: frozenset({NetworkInterface}),
    NatGateway: frozenset({NetworkInterface}),
    VpcEndpoint: frozenset({NetworkInterface}),
    InternetGateway: frozenset({Vpc}),
    NetworkInterface: frozenset({Vpc}),
}
"""Nouns of which some changes are as good as a change of others. Example: an instance loses its power."""
NO_PACKET_CAN_TELL: frozenset[AnyKind] = frozenset(
    {
        AccessScope,
        AccessScopeAnalysis,
        AddressTransfer,
        ClientToken,
        DedicatedHost,
        DhcpOptions,
        Failure,
        Fleet,
        InsightsAnalysis,
        InsightsPath,
        Foreign,
        InstanceProfile,
        KeyPair,
        Snapshot,
        MachineImage,
        LaunchTemplate,
        LaunchTemplateVersion,
        ManagedPolicy,
        PlacementGroup,
        RegionSettings,
        Role,
        SubnetReservation,
    }
)
"""Nouns that no object is built from, or only together with one that is declared above."""


def check_declared(nouns: Iterable[AnyKind], kinds: Iterable[str]) -> None:
    """Look that every noun and kind of object is declared above; raises TypeError for one that is not."""
    altering = {noun for node in GRAPH.values() for noun in node.nouns}.union(THROUGH)
    for noun in nouns:
        if (noun in altering) == (noun in NO_PACKET_CAN_TELL):
            raise TypeError(f"say in {__name__} which objects {noun.__name__} alters, or that it alters none")
    if undeclared := {*kinds} ^ {*GRAPH}:
        raise TypeError(f"say in {__name__} what alters {', '.join(sorted(undeclared))}, and what each reads")


check_declared(KINDS, get_args(ObjectKind))


# --- what others ask ------------------------------------------------------------------------------


def altered_by(noun: AnyKind) -> tuple[ObjectKind, ...]:
    """The kinds of objects that a change of a noun may alter by itself."""
    return tuple(kind for kind, node in GRAPH.items() if noun in node.nouns)
