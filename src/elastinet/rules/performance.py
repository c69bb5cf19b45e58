"""Limits in force on traffic between two instances, with their sources."""

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.network import JUMBO_MTU
from elastinet.catalog.settings import Edition, Settings
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules import flow_limits
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.efa.efa import is_efa, may_talk, out_of_reach
from elastinet.rules.interfaces import attachment_of, interfaces_of
from elastinet.rules.path_limits import End, PathLimits, Traffic, path_limits
from elastinet.rules.paths import NetworkPath, NoNetworkPath, check_ends, path


def of_pair(
    state: State,
    settings: Settings,
    one: NetworkInterface,
    other: NetworkInterface,
    traffic: Traffic,
    *,
    public: bool = False,
) -> PathLimits:
    """The limits on what one interface sends to another; raises NoNetworkPath."""
    if traffic.transport == "efa":
        way = _bypass(state, settings.rules, one, other, public=public)
    else:
        way = path(state, one, other, public=public)
    instances = [state.need(Instance, attachment_of(interface).instance_id) for interface in (one, other)]
    flow = flow_limits.between(state, settings.rules, one, other, way, traffic.transport)
    here, there = (end(state, settings, *pair) for pair in zip(instances, (one, other), strict=True))
    return path_limits(here, there, way, flow, traffic, settings.rules)


def _bypass(
    state: State, edition: Edition, one: NetworkInterface, other: NetworkInterface, *, public: bool
) -> NetworkPath:
    """The way past the operating systems, which no route alters (section 9.1); raises NoNetworkPath."""
    check_ends(state, one, other)
    for interface in (one, other):
        if not is_efa(interface):
            raise NoNetworkPath(f"{interface.id} is no EFA")
    if public:
        raise NoNetworkPath("EFA's traffic is not routed: it goes through no internet gateway")
    if reason := out_of_reach(one, other, edition):
        raise NoNetworkPath(reason)
    kinds = [_kind(state, interface) for interface in (one, other)]
    if not may_talk(*kinds):
        raise NoNetworkPath(f"EFAs of {kinds[0].name} and {kinds[1].name} do not talk to each other")
    return NetworkPath("vpc", JUMBO_MTU)


def _kind(state: State, interface: NetworkInterface) -> InstanceType:
    return instance_types()[state.need(Instance, attachment_of(interface).instance_id).instance_type]


def end(state: State, settings: Settings, instance: Instance, interface: NetworkInterface) -> End:
    """One end of a path."""
    kind, given = instance_types()[instance.instance_type], of_instance(instance, settings)
    efas = sorted(attachment_of(efa).network_card for efa in interfaces_of(state, instance.id) if is_efa(efa))
    return End(instance.id, kind, given, interface.vpc_id, attachment_of(interface).network_card, tuple(efas))
