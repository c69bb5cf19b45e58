"""A place in the plant for instances that are launched or started (facts sheet, section 10.2)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.placement import DedicatedHost, PlacementGroup
from elastinet.model.state import State
from elastinet.rules.devices import Device, device
from elastinet.rules.interfaces import attachment_of, interfaces_of
from elastinet.rules.placement import functions, placement
from elastinet.rules.placement.occupancy import Demand, ZoneOccupancy
from elastinet.rules.placement.plants import Plants, tenant

MOST_PARTITIONS, MOST_DEDICATED_PARTITIONS = 7, 2


class PlacementRequest(NamedTuple):
    """The place that a request asks for its instances."""

    tenancy: str = "default"
    group: PlacementGroup | None = None
    partition: int | None = None
    host_id: str | None = None
    affinity: str = "default"


class HostPlace(NamedTuple):
    """A host of a zone, by its number; the partition there, and the Dedicated Host that it is."""

    host: int
    partition: int | None = None
    dedicated_host: str | None = None


def launch_places(
    tx: Transaction, asked: PlacementRequest, demand: Demand, zone: str, least: int, most: int
) -> list[HostPlace]:
    """Places for a launch, one for each instance; refuses where there is room for too few."""
    type_name = demand.type_name
    if asked.group is not None:
        check_group(tx.state, asked.group, type_name, zone, asked.tenancy)
    if asked.tenancy == "host":
        places = _on_dedicated_hosts(tx, asked, demand, zone, most)
    else:
        demand = demand._replace(tenant=tenant(tx.owner, asked.tenancy, None))
        places = find_places(tx.state, tx.plants, zone, demand, asked, most)
    if len(places) < least:
        raise no_room(type_name, zone, asked.group)
    return places


def placed_fields(asked: PlacementRequest) -> dict[str, Any]:
    """The fields of instances that keep the place that was asked for."""
    group = asked.group.id if asked.group else None
    return {"tenancy": asked.tenancy, "placement_group": group, "affinity": asked.affinity}


def place_again(tx: Transaction, instance: Instance) -> Instance:
    """A stopped instance with a place for its start, in its group and its partition."""
    group = tx.get(PlacementGroup, instance.placement_group or "")
    bound = instance.dedicated_host if instance.affinity == "host" else None
    asked = PlacementRequest(instance.tenancy, group, instance.partition, bound, instance.affinity)
    cards = [attachment_of(interface).network_card for interface in interfaces_of(tx.state, instance.id)]
    demand = demand_of(tx, instance.instance_type, device(instance), instance.zone, cards)
    (place,) = launch_places(tx, asked, demand, instance.zone, 1, 1)
    return instance.but(**place._asdict(), host_failure=None, host_failure_since=None)


def demand_of(tx: Transaction, type_name: str, device: Device, zone: str, cards: Iterable[int]) -> Demand:
    """The demand of an instance on a zone, with interfaces on these of its network cards."""
    occupancy = tx.plants.zone(zone)
    of_host = [occupancy.card(type_name, card) for card in cards]
    return Demand(type_name, functions=functions.asked(device, of_host))


def _on_dedicated_hosts(
    tx: Transaction, asked: PlacementRequest, demand: Demand, zone: str, most: int
) -> list[HostPlace]:
    """Places on the account's own hosts: on the one that is named, else on those that take any."""
    found: list[HostPlace] = []
    for host in _candidates(tx, asked.host_id, zone, demand.type_name):
        room = tx.plants.zone(zone).room(host.host, demand._replace(tenant=host.id))
        found += [HostPlace(host.host, None, host.id)] * min(room, most - len(found))
    return found


def _candidates(tx: Transaction, id: str | None, zone: str, type_name: str) -> Iterator[DedicatedHost]:
    if id is not None:
        named = dedicated_host(tx, id, zone)
        if named.instance_type not in ("", type_name):
            sentence = f"The host {id} is for {named.instance_type}, not for {type_name}."
            raise faults.invalid(id, "hostId", sentence)
        yield named
        return
    for host in tx.mine(DedicatedHost):
        takes = host.instance_type in ("", type_name) and host.release_time is None
        if host.zone == zone and host.auto_placement and takes:
            yield host


def dedicated_host(tx: Transaction, id: str, zone: str) -> DedicatedHost:
    """The account's host of this id, in the zone of an instance."""
    host = need(tx, DedicatedHost, "h", id)
    if host.release_time is not None:
        raise faults.missing("h", [id])
    if host.zone != zone:
        raise faults.invalid(id, "hostId", f"The host {id} is in {host.zone}, not in {zone}.")
    return host


def find_places(
    state: State, plants: Plants, zone: str, demand: Demand, asked: PlacementRequest, most: int
) -> list[HostPlace]:
    """Places in the group that is asked for, for as many instances as have room, `most` at the most."""
    occupancy, group = plants.zone(zone), asked.group
    if group is None:
        return [HostPlace(host) for host in placement.anywhere(occupancy, demand, most)]
    members = [m for m in members_of(state, group) if m.zone == zone and m.host is not None]
    hosts = [m.host for m in members if m.host is not None]
    if group.strategy == "cluster":
        return [HostPlace(host) for host in placement.cluster(occupancy, demand, most, hosts)]
    if group.strategy == "spread":
        most = min(most, placement.MOST_SPREAD - len(hosts))
        racks = {host // occupancy.plant.hosts_per_rack for host in hosts}
        return [HostPlace(host) for host in placement.spread(occupancy, demand, max(most, 0), racks)]
    return _partitioned(occupancy, demand, group, members, asked.partition, most)


def _partitioned(
    zone: ZoneOccupancy,
    demand: Demand,
    group: PlacementGroup,
    members: list[Instance],
    wanted: int | None,
    most: int,
) -> list[HostPlace]:
    owners = {m.host // zone.plant.hosts_per_rack: m.partition for m in members if m.host is not None}
    numbers = range(1, (group.partition_count or 0) + 1)
    loads = Counter(dict.fromkeys(numbers, 0))
    loads.update(m.partition for m in members if m.partition)
    own = {rack: number for rack, number in owners.items() if number}
    return [HostPlace(*pair) for pair in placement.partition(zone, demand, most, own, loads, wanted)]


def members_of(state: State, group: PlacementGroup) -> list[Instance]:
    """The instances of a group; those that have ended for good are none of it."""
    found = state.where(Instance, "placement-group", group.id)
    return [instance for instance in found if instance.state != "terminated"]


def check_group(
    state: State,
    group: PlacementGroup,
    type_name: str,
    zone: str,
    tenancy: str,
    but: Instance | None = None,
) -> None:
    """Refuse a type, a zone or a tenancy that a group's strategy does not take; `but` is no member yet."""
    if group.strategy not in instance_types()[type_name].words("placement_strategies"):
        raise faults.combination(
            f"{group.strategy.capitalize()} placement groups are not supported by the '{type_name}' instance "
            "type. Specify a supported instance type or change the placement group strategy, and try again."
        )
    if group.strategy == "spread" and tenancy != "default":
        sentence = f"Spread placement groups do not support the tenancy '{tenancy}'."
        raise faults.combination(sentence)
    if tenancy == "host":
        raise faults.combination("Placement groups do not support Dedicated Hosts.")
    if tenancy == "dedicated" and (group.partition_count or 0) > MOST_DEDICATED_PARTITIONS:
        sentence = f"With the tenancy 'dedicated' there are at most {MOST_DEDICATED_PARTITIONS} partitions."
        raise faults.combination(sentence)
    if group.strategy == "cluster":
        _check_zone(state, group, zone, but)


def _check_zone(state: State, group: PlacementGroup, zone: str, but: Instance | None) -> None:
    others = (m.zone for m in members_of(state, group) if but is None or m.id != but.id)
    there = next(others, zone)
    if there != zone:
        sentence = f"The placement group '{group.group_name}' is in use in another availability zone: {there}"
        raise Fault("InvalidPlacementGroup.InUse", sentence)


def no_room(type_name: str, zone: str, group: PlacementGroup | None) -> Fault:
    """The refusal of what has no room; a server's error on EC2, which clients may try again."""
    if group is not None and group.strategy == "cluster":
        return Fault(
            "InsufficientInstanceCapacity",
            "We currently do not have sufficient capacity to launch all of the additional requested "
            f"instances into Placement Group '{group.group_name}'. You may be able to satisfy your full "
            "cluster requirement by first terminating all of the existing instances in Placement Group "
            f"'{group.group_name}', then launching the full cluster into it again.",
            500,
        )
    what = f"{type_name} capacity"
    if group is not None:
        what += f" for the {group.strategy} placement group '{group.group_name}'"
    return Fault(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {what} in the Availability Zone you requested ({zone}).",
        500,
    )
