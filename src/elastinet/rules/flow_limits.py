"""The limit of one flow: the figure that holds between two interfaces, and for a router (section 8.1).

A flow has the general limit everywhere, a higher one inside a cluster placement group, and the highest with
ENA Express. `between` gives the figure for a pair of interfaces. A router sees single packets: `higher` gives
it the limits of an instance's flows that are above the general one, and `peers` whom such flows go to.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from elastinet.catalog.editions import EDITIONS, Figure
from elastinet.catalog.protocols import TCP, UDP
from elastinet.catalog.settings import Edition
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.model.state import State
from elastinet.rules import express
from elastinet.rules.devices import device
from elastinet.rules.frames import Transport
from elastinet.rules.interfaces import attachment_of, interfaces_of
from elastinet.rules.peerings import peers as peered_vpcs
from elastinet.rules.presence import is_live

if TYPE_CHECKING:
    from elastinet.rules.paths import NetworkPath

EXPRESS: dict[Transport, int] = {"tcp": TCP, "udp": UDP}
"""The transports that ENA Express carries, with their IP protocol numbers."""


class HigherLimit(NamedTuple):
    """A limit above the general one, of an instance's flows to the peers that go by a name.

    If `protocols` or `interfaces` are named, it holds only for those protocols and from those interfaces.
    """

    peers: str
    figure: Figure
    protocols: tuple[int, ...] = ()
    interfaces: tuple[str, ...] = ()


def figure(edition: Edition, *, clustered: bool = False, express: bool = False) -> Figure:
    """Bits a second of one flow: with ENA Express, inside a cluster placement group, or anywhere else."""
    figures = EDITIONS[edition]
    if express and figures.express_flow_bps is not None:
        return figures.express_flow_bps
    return figures.cluster_flow_bps if clustered else figures.flow_bps


def between(
    state: State,
    edition: Edition,
    one: NetworkInterface,
    other: NetworkInterface,
    way: "NetworkPath",
    transport: Transport,
) -> Figure:
    """Bits a second of one flow on the way from one interface to another, both in instances."""
    first, second = (state.need(Instance, attachment_of(end).instance_id) for end in (one, other))
    group = cluster_of(state, first) if way.via != "gateway" else None
    return figure(
        edition,
        clustered=group is not None and group == cluster_of(state, second),
        express=express.why_not(state, edition, one, other, way, transport) is None,
    )


def cluster_of(state: State, instance: Instance) -> PlacementGroup | None:
    """The cluster placement group in which an instance's flows may have more: with enhanced networking."""
    group = state.get(PlacementGroup, instance.placement_group or "")
    in_cluster = group is not None and group.strategy == "cluster" and not device(instance).mediated
    return group if in_cluster else None


def higher(state: State, edition: Edition, instance: Instance) -> Iterator[HigherLimit]:
    """The limits of an instance's flows that are above the general one, the highest first."""
    if express.is_known(edition):
        yield from _with_express(state, edition, instance)
    if group := cluster_of(state, instance):
        yield HigherLimit(group.id, figure(edition, clustered=True))


def _with_express(state: State, edition: Edition, instance: Instance) -> Iterator[HigherLimit]:
    """The limits of ENA Express, by protocol and by the interfaces that have it enabled."""
    for transport, protocol in EXPRESS.items():
        having: dict[str, list[str]] = defaultdict(list)
        for interface in live_interfaces(state, instance.id):
            if express.not_at(state, interface, transport) is None:
                having[interface.vpc_id].append(interface.id)
        for vpc_id, ids in having.items():
            name = _express_peers(transport, vpc_id, instance.zone)
            yield HigherLimit(name, figure(edition, express=True), (protocol,), tuple(ids))


def peers(state: State, name: str) -> tuple[tuple[str, ...], list[NetworkInterface]]:
    """The interfaces that go by a name, to which flows may have more, and the VPCs whose flows may.

    They are a cluster placement group's, or those with ENA Express that a VPC reaches without leaving a zone.
    """
    transport, *place = name.split("/")
    if transport in EXPRESS:
        vpc_id, zone = place
        return (vpc_id,), list(_with_express_in(state, transport, vpc_id, zone))
    members = (i for i in state.where(Instance, "placement-group", name) if cluster_of(state, i))
    found = [interface for member in members for interface in live_interfaces(state, member.id)]
    return tuple(sorted({interface.vpc_id for interface in found})), found


def _with_express_in(
    state: State, transport: Transport, vpc_id: str, zone: str
) -> Iterator[NetworkInterface]:
    for vpc in (vpc_id, *peered_vpcs(state, vpc_id)):
        for interface in state.where(NetworkInterface, "attachment.vpc-id", vpc):
            if interface.zone != zone or not is_live(state, interface):
                continue
            if express.not_at(state, interface, transport) is None:
                yield interface


def live_interfaces(state: State, instance_id: str) -> list[NetworkInterface]:
    """An instance's interfaces that packets can reach."""
    return [i for i in interfaces_of(state, instance_id) if is_live(state, i)]


def express_peers(interface: NetworkInterface, vpcs: Iterable[str]) -> Iterator[str]:
    """The names of the peers, of some VPCs, that an interface with ENA Express may be among."""
    if interface.attachment and interface.attachment.ena_srd:
        for vpc_id in vpcs:
            yield from (_express_peers(transport, vpc_id, interface.zone) for transport in EXPRESS)


def _express_peers(transport: Transport, vpc_id: str, zone: str) -> str:
    return f"{transport}/{vpc_id}/{zone}"
