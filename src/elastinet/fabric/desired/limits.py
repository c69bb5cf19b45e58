"""The limits that a state asks the kernel for, from the rules' own figures.

This is the one place where `bandwidth_scale` is applied: all rules speak of bandwidths as EC2 has them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.settings import Settings
from elastinet.fabric.contract import objects
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.desired.presence import is_live
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.placement import PlacementGroup
from elastinet.model.state import State
from elastinet.rules import express
from elastinet.rules.bandwidth import Allowance, of_instance
from elastinet.rules.frames import Transport
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.peerings import is_across, peers
from elastinet.rules.performance import cluster_of

EXPRESS: dict[Transport, int] = {"tcp": 6, "udp": 17}
"""The transports that ENA Express carries, with their IP protocol numbers."""


def bandwidth(state: State, id: str, settings: Settings) -> objects.BandwidthLimits | None:
    """The bandwidth limits of an instance; None if it does not run."""
    instance = state.get(Instance, id)
    if instance is None or not instance.powered:
        return None
    given = of_instance(instance, settings)
    return objects.BandwidthLimits(
        id=id,
        networks=tuple(sorted({i.vpc_id for i in interfaces_of(state, id) if is_live(state, i)})),
        since=str(instance.launch_time),
        share=_share(given.aggregate, settings),
        flow_bps=scaled(EDITIONS[settings.rules].flow_bps.value, settings),
        gateway_bps=scaled(given.gateway_bps, settings),
        cards=tuple(_share(card, settings) for card in given.cards),
        nearer=tuple(_nearer(state, instance, settings)),
    )


def _share(allowance: Allowance, settings: Settings) -> objects.DirectionLimit:
    return objects.DirectionLimit(*(scaled(figure, settings) for figure in allowance))


def scaled(figure: float, settings: Settings) -> int:
    """A bandwidth, or what it has moved in a time, as this machine plays it."""
    return round(figure * settings.bandwidth_scale)


def _nearer(state: State, instance: Instance, settings: Settings) -> Iterator[objects.FlowLimit]:
    """The flow limits of an instance that are above the general one, the highest first."""
    figure = EDITIONS[settings.rules].express_flow_bps
    if figure is not None:
        yield from _by_express(state, instance, scaled(figure.value, settings))
    group = cluster_of(state, instance)
    if group is not None:
        yield objects.FlowLimit(group.id, scaled(EDITIONS[settings.rules].cluster_flow_bps.value, settings))


def _by_express(state: State, instance: Instance, flow_bps: int) -> Iterator[objects.FlowLimit]:
    """The flow limits of ENA Express, by protocol and by the interfaces that have it enabled."""
    own = [i for i in interfaces_of(state, instance.id) if is_live(state, i)]
    for transport, protocol in EXPRESS.items():
        having: dict[str, list[str]] = defaultdict(list)
        for interface in own:
            if express.not_at(state, interface, transport) is None:
                having[interface.vpc_id].append(interface.id)
        for vpc_id, ids in having.items():
            yield objects.FlowLimit(
                f"{transport}/{vpc_id}/{instance.zone}", flow_bps, (protocol,), tuple(ids)
            )


def near(state: State, id: str) -> objects.FlowLimitPeers | None:
    """The addresses of a cluster placement group's instances, or of a zone's interfaces with ENA Express."""
    transport, *place = id.split("/")
    if transport in EXPRESS:
        return _near_by_express(state, id, transport, *place)
    members = [i for i in state.where(Instance, "placement-group", id) if i.powered and cluster_of(state, i)]
    own = [i for member in members for i in interfaces_of(state, member.id) if is_live(state, i)]
    if not own:
        return None
    networks = tuple(sorted({interface.vpc_id for interface in own}))
    return objects.FlowLimitPeers(id=id, networks=networks, addresses=frozenset(_addresses(own)))


def _near_by_express(
    state: State, id: str, transport: Transport, vpc_id: str, zone: str
) -> objects.FlowLimitPeers | None:
    """The addresses with ENA Express that a VPC reaches without leaving a zone."""
    vpcs = (vpc_id, *peers(state, vpc_id))
    there = (i for vpc in vpcs for i in state.where(NetworkInterface, "attachment.vpc-id", vpc))
    own = [
        interface
        for interface in there
        if interface.zone == zone and is_live(state, interface)
        if express.not_at(state, interface, transport) is None
    ]
    return (
        objects.FlowLimitPeers(id=id, networks=(vpc_id,), addresses=frozenset(_addresses(own)))
        if own
        else None
    )


def express_ids(
    state: State, interface: NetworkInterface, vpcs: Iterable[str] | None = None
) -> Iterator[str]:
    """The ids of the near addresses that an interface with ENA Express may be of, its own and its peers'.

    `vpcs` are the VPCs that it may be near to, where they are not those of the state.
    """
    if interface.attachment and interface.attachment.ena_srd:
        for vpc_id in vpcs or (interface.vpc_id, *peers(state, interface.vpc_id)):
            yield from (f"{transport}/{vpc_id}/{interface.zone}" for transport in EXPRESS)


def _addresses(interfaces: list[NetworkInterface]) -> Iterator[str]:
    for interface in interfaces:
        yield from (*interface.addresses, *interface.addresses6)


def peering_bps(peering: Peering, settings: Settings) -> int:
    """Bits a second over a peering connection in each direction; 0 for no limit."""
    figure = EDITIONS[settings.rules].region_bps
    return scaled(figure.value, settings) if figure and is_across(peering) else 0


def everything(state: State) -> Iterator[Key]:
    """The keys of all limits that a state may have."""
    yield from (Key("bandwidth", instance.id) for instance in state.all(Instance))
    yield from (Key("near", group.id) for group in state.all(PlacementGroup))
    for interface in state.all(NetworkInterface):
        yield from (Key("near", id) for id in express_ids(state, interface))
