"""The zones' hosts as all accounts together use them: a view of the State that follows its changes."""

from elastinet.catalog import regions
from elastinet.catalog.plant import Plant, hosts_of, read_unit
from elastinet.model.instance import Instance
from elastinet.model.interface import Function, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.placement import DedicatedHost, Failure
from elastinet.model.state import State
from elastinet.rules.placement.occupancy import SHARED, Demand, ZoneOccupancy


class Plants:
    """The occupancy of every zone in which something is, or was asked about."""

    def __init__(self, plant: Plant, state: State) -> None:
        self.plant = plant
        self._state = state
        self._zones: dict[str, ZoneOccupancy] = {}
        state.watchers[Instance].append(self._instance)
        state.watchers[NetworkInterface].append(self._interface)
        state.watchers[DedicatedHost].append(self._dedicated)
        state.watchers[Failure].append(self._failure)

    def zone(self, name: str) -> ZoneOccupancy:
        """A zone by its name."""
        if name not in self._zones:
            self._zones[name] = ZoneOccupancy(self.plant)
        return self._zones[name]

    def _instance(self, old: Noun | None, new: Noun | None) -> None:
        before, after = (_taken(noun) for noun in (old, new))
        if before == after:
            return
        if before:
            zone, host, demand = before
            self.zone(zone).leave(host, demand)
        if after:
            zone, host, demand = after
            self.zone(zone).take(host, demand)

    def _interface(self, old: Noun | None, new: Noun | None) -> None:
        before, after = (_held(noun) for noun in (old, new))
        if before == after:
            return
        if before:
            zone, function, id = before
            self.zone(zone).take_back(function.host, function.card, function.number, id)
        if after:
            zone, function, id = after
            self.zone(zone).give(function.host, function.card, function.number, id)

    def _dedicated(self, old: Noun | None, new: Noun | None) -> None:
        before, after = (isinstance(noun, DedicatedHost) and noun.release_time is None for noun in (old, new))
        if before and not after:
            assert isinstance(old, DedicatedHost)
            self.zone(old.zone).give_back(old.host)
        elif after and not before:
            assert isinstance(new, DedicatedHost)
            self.zone(new.zone).keep(new.host, new.family, new.id)

    def _failure(self, old: Noun | None, new: Noun | None) -> None:
        """Take the zone's hosts down that any failure holds, and the others up."""
        for noun in (old, new):
            if isinstance(noun, Failure):
                failed = failed_hosts(self._state, noun.zone, self.plant)
                zone = self.zone(noun.zone)
                zone.repair(zone.down - failed)
                zone.fail(failed)


def _taken(noun: Noun | None) -> tuple[str, int, Demand] | None:
    """The zone and the host that an instance is on, and what it takes there."""
    if not isinstance(noun, Instance) or noun.host is None:
        return None
    return noun.zone, noun.host, demand(noun)


def _held(noun: Noun | None) -> tuple[str, Function, str] | None:
    """The zone of an interface, the function that it has there, and its id."""
    if not isinstance(noun, NetworkInterface) or noun.attachment is None:
        return None
    function = noun.attachment.function
    return (noun.zone, function, noun.id) if function else None


def demand(instance: Instance) -> Demand:
    """The demand of an instance on its zone's hosts."""
    return Demand(instance.instance_type, tenant(instance.owner, instance.tenancy, instance.dedicated_host))


def tenant(owner: str, tenancy: str, dedicated_host: str | None) -> str:
    """The tenant whose hosts an instance may run on: SHARED, a Dedicated Host's id or the owner's account."""
    return SHARED if tenancy == "default" else (dedicated_host or owner)


def failed_hosts(state: State, zone: str, plant: Plant, kind: str = "") -> set[int]:
    """The hosts of a zone that have failed, in one way or (without a kind) in any."""
    found: set[int] = set()
    for failure in state.where(Failure, "zone", zone):
        unit = read_unit(failure.id)
        if unit is not None and kind in ("", failure.kind):
            found |= set(hosts_of(unit, plant))
    return found


def zone_id(region: str, name: str) -> str:
    """The id of a zone, by which its hardware is called."""
    zone = regions.zone(region, name)
    assert zone is not None
    return zone.id
