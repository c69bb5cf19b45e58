"""The limits that a state asks the kernel for, from the rules' own figures.

This is the one place where `bandwidth_scale` is applied: all rules speak of bandwidths as EC2 has them.
"""

from collections.abc import Iterable, Iterator

from elastinet.catalog.settings import Settings
from elastinet.fabric.contract import objects
from elastinet.fabric.contract.keys import Key
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.placement import PlacementGroup
from elastinet.model.state import State
from elastinet.rules import flow_limits
from elastinet.rules.allowances import Allowance, AllowanceUnit
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.peerings import is_across, limit, peers


def bandwidth(state: State, id: str, settings: Settings) -> objects.BandwidthLimits | None:
    """The bandwidth limits of an instance; None if it does not run."""
    instance = state.get(Instance, id)
    if instance is None or not instance.powered:
        return None
    own = of_instance(instance, settings)
    return objects.BandwidthLimits(
        id=id,
        networks=tuple(sorted({i.vpc_id for i in flow_limits.live_interfaces(state, id)})),
        since=str(instance.launch_time),
        allowance=played(own.aggregate, settings),
        flow_bps=scaled(flow_limits.figure(settings.rules).value, settings),
        gateway_bps=scaled(own.gateway_bps, settings),
        cards=tuple(played(card, settings) for card in own.cards),
        nearer=tuple(
            objects.FlowLimit(one.peers, scaled(one.figure.value, settings), one.protocols, one.interfaces)
            for one in flow_limits.higher(state, settings.rules, instance)
        ),
    )


def played(allowance: Allowance, settings: Settings) -> Allowance:
    """An allowance as this machine plays it: only bits are scaled, packets and connections are counted."""
    return allowance.times(settings.bandwidth_scale) if allowance.unit is AllowanceUnit.BITS else allowance


def scaled(figure: float, settings: Settings) -> int:
    """A bandwidth, or what it has moved in a time, as this machine plays it."""
    return round(figure * settings.bandwidth_scale)


def near(state: State, id: str) -> objects.FlowLimitPeers | None:
    """The addresses of the peers that go by a name; None if there are none now."""
    networks, there = flow_limits.peers(state, id)
    if not there:
        return None
    return objects.FlowLimitPeers(id=id, networks=networks, addresses=frozenset(_addresses(there)))


def express_ids(
    state: State, interface: NetworkInterface, vpcs: Iterable[str] | None = None
) -> Iterator[str]:
    """The ids of the near addresses that an interface with ENA Express may be of, its own and its peers'.

    `vpcs` are the VPCs that it may be near to, where they are not those of the state.
    """
    return flow_limits.express_peers(interface, vpcs or (interface.vpc_id, *peers(state, interface.vpc_id)))


def _addresses(interfaces: list[NetworkInterface]) -> Iterator[str]:
    for interface in interfaces:
        yield from (*interface.addresses, *interface.addresses6)


def peering_bps(peering: Peering, settings: Settings) -> int:
    """Bits a second over a peering connection in each direction; 0 for no limit."""
    figure = limit(settings.rules, across=is_across(peering))
    return scaled(figure.value, settings) if figure else 0


def everything(state: State) -> Iterator[Key]:
    """The keys of all limits that a state may have."""
    yield from (Key("bandwidth", instance.id) for instance in state.all(Instance))
    yield from (Key("near", group.id) for group in state.all(PlacementGroup))
    for interface in state.all(NetworkInterface):
        yield from (Key("near", id) for id in express_ids(state, interface))
