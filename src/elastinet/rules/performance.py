"""What binds traffic between two instances (facts sheet, section 8.1), in bits a second."""

from elastinet.catalog.editions import EDITIONS, Figure
from elastinet.catalog.settings import Rules, Settings
from elastinet.model.instance import Instance
from elastinet.model.placement import PlacementGroup
from elastinet.model.state import State
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.devices import device


def flow_figure(rules: Rules, *, clustered: bool, express: bool) -> Figure:
    """The most that one flow carries: in a cluster placement group, with ENA Express, or anywhere else."""
    edition = EDITIONS[rules]
    if express and edition.express_flow_bps:
        return edition.express_flow_bps
    return edition.cluster_flow_bps if clustered else edition.flow_bps


def clustered(state: State, one: Instance, other: Instance) -> bool:
    """Whether two instances are in one cluster placement group, each with enhanced networking."""
    group = state.get(PlacementGroup, one.placement_group or "")
    if group is None or group.strategy != "cluster" or other.placement_group != group.id:
        return False
    return not device(one).mediated and not device(other).mediated


def flow_bps(state: State, settings: Settings, one: Instance, other: Instance, *, express: bool) -> int:
    """The most that one flow between two instances carries, never above what either has.

    A flow is a 5-tuple of TCP or UDP, or source, destination and protocol of any other. `express` says
    whether ENA Express carries it.
    """
    figure = flow_figure(settings.rules, clustered=clustered(state, one, other), express=express)
    peaks = (of_instance(instance, settings).aggregate.peak_bps for instance in (one, other))
    return min(int(figure.value), *peaks)
