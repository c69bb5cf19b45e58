"""Hosts for a launch: in no group, or by its placement group's strategy (facts sheet, section 10).

Each question is answered for a whole request at once, and changes nothing: hosts for as many instances as
there is room for, as the strategy has it, and for `most` of them at the most.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice

from elastinet.rules.placement.occupancy import Demand, ZoneOccupancy

MOST_SPREAD = 7
"""The instances that a spread group may have running in a zone."""


def anywhere(zone: ZoneOccupancy, demand: Demand, most: int) -> list[int]:
    """Hosts for instances of no group: those in use that fit best, then empty ones of the emptiest racks."""
    rooms = zone.rooms(demand)
    found: list[int] = []
    for room, host in rooms.used:
        found += [host] * min(room, most - len(found))
        if len(found) == most:
            return found
    for rack in rooms.layers[0].largest_first():
        for host in zone.hosts_of(rack):
            if host not in zone.uses:
                found += [host] * min(zone.room(host, demand), most - len(found))
        if len(found) == most:
            break
    return found


def cluster(zone: ZoneOccupancy, demand: Demand, most: int, members: Collection[int]) -> list[int]:
    """Hosts as near to one another, and to the hosts of the members, as there is room.

    Near is the same rack, then the same network node, core, spine, zone.
    """
    rooms = zone.rooms(demand)
    count = min(most, rooms.layers[-1].rooms[0])
    home = {host // zone.plant.hosts_per_rack for host in members}
    for span, layer in zip(zone.plant.spans(), rooms.layers, strict=True):
        unit: int | None
        if home:
            units = {rack // span for rack in home}
            unit = units.pop() if len(units) == 1 else None
            unit = unit if unit is not None and layer.rooms[unit] >= count else None
        else:
            unit = layer.smallest(count)
        if unit is not None:
            return list(islice(_fill(zone, demand, range(unit * span, (unit + 1) * span)), count))
    raise AssertionError("a zone has less room than its racks")


def _fill(zone: ZoneOccupancy, demand: Demand, racks: range) -> Iterator[int]:
    """The hosts of some racks, as often as each has room; the roomiest racks first, so that few are used."""
    by_rack = zone.rooms(demand).layers[0].rooms
    for rack in sorted(racks, key=lambda rack: -by_rack[rack]):
        yield from _hosts(zone, demand, rack)


def _hosts(zone: ZoneOccupancy, demand: Demand, rack: int) -> Iterator[int]:
    """The hosts of a rack, each as often as it has room; the fullest first, so that whole ones stay free."""
    rooms = {host: zone.room(host, demand) for host in zone.hosts_of(rack)}
    for host in sorted(rooms, key=lambda host: rooms[host]):
        yield from [host] * rooms[host]


def spread(zone: ZoneOccupancy, demand: Demand, most: int, racks: Collection[int]) -> list[int]:
    """Hosts on a rack each, none of them one of the racks that the group has."""
    free = (rack for rack in zone.rooms(demand).layers[0].largest_first() if rack not in racks)
    return [next(_hosts(zone, demand, rack)) for rack in islice(free, most)]


def partition(
    zone: ZoneOccupancy,
    demand: Demand,
    most: int,
    owners: Mapping[int, int],
    loads: Mapping[int, int],
    wanted: int | None,
) -> list[tuple[int, int]]:
    """Hosts with their partitions, so that no rack serves two partitions of the group.

    `owners` maps racks to the partitions that have them, `loads` partitions to their instances. Without a
    `wanted` partition each instance goes to the emptiest one that has room.
    """
    rows = _Racks(zone, demand, dict(owners))
    loads = dict(loads)
    found: list[tuple[int, int]] = []
    for _ in range(most):
        order = sorted(loads, key=lambda number: (loads[number], number)) if wanted is None else [wanted]
        placed = next(((host, number) for number in order if (host := rows.take(number)) is not None), None)
        if placed is None:
            break
        found.append(placed)
        loads[placed[1]] += 1
    return found


class _Racks:
    """The racks of a zone while instances of a partition group are handed out one by one."""

    def __init__(self, zone: ZoneOccupancy, demand: Demand, owners: dict[int, int]) -> None:
        self._zone, self._demand, self._owners = zone, demand, owners
        self._free = zone.rooms(demand).layers[0].largest_first()
        self._left: dict[int, Iterator[int]] = {}
        self._own: dict[int, list[int]] = {}
        for rack, number in owners.items():
            self._own.setdefault(number, []).append(rack)

    def take(self, number: int) -> int | None:
        """The next host for a partition: of its own racks, then of one that no partition has."""
        own = self._own.setdefault(number, [])
        while own:
            if own[-1] not in self._left:
                self._left[own[-1]] = _hosts(self._zone, self._demand, own[-1])
            if (host := next(self._left[own[-1]], None)) is not None:
                return host
            own.pop()
        rack = next((rack for rack in self._free if rack not in self._owners), None)
        if rack is None:
            return None
        self._owners[rack] = number
        own.append(rack)
        return self.take(number)
