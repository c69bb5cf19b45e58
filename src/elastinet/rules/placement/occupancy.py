"""Use of a zone's hosts, and the room that hosts, racks and network nodes have for a demand.

The room for each demand that was ever asked about is kept up to date host by host, so that a question
costs the same however full the zone is.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from elastinet.catalog.plant import Plant
from elastinet.rules.placement import capacity
from elastinet.rules.placement.capacity import HostRoom
from elastinet.rules.placement.functions import Asked, Functions

SHARED = ""


class Demand(NamedTuple):
    """A demand for hosts: an instance type, the tenant whose hosts may serve, and virtual functions.

    `tenant` is SHARED, the account of a dedicated instance, or the id of a Dedicated Host. `functions` are
    those that the interfaces of each instance will take of its host's cards.
    """

    type_name: str
    tenant: str = SHARED
    functions: Asked = ()

    @property
    def family(self) -> str:
        """The family whose hosts will do."""
        return capacity.family(self.type_name)

    @property
    def need(self) -> HostRoom:
        """The room that one instance takes on its host."""
        return capacity.need(self.type_name)


@dataclass
class Use:
    """A host that serves a family and a tenant; `kept` says that it does so without instances too."""

    family: str
    tenant: str
    left: HostRoom
    instances: int = 0
    kept: bool = False


class Ranking:
    """The units of one layer in the order of their room, the least first."""

    def __init__(self, rooms: list[int]) -> None:
        self.rooms = rooms
        self._order = sorted((room, unit) for unit, room in enumerate(rooms))

    def change(self, unit: int, by: int) -> None:
        """Give a unit more room, or less."""
        room = self.rooms[unit]
        del self._order[bisect_left(self._order, (room, unit))]
        self.rooms[unit] = room + by
        insort(self._order, (room + by, unit))

    def smallest(self, room: int) -> int | None:
        """The unit with the least room that has this much; None for none."""
        at = bisect_left(self._order, (room, -1))
        return self._order[at][1] if at < len(self._order) else None

    def largest_first(self) -> Iterator[int]:
        """The units that have any room."""
        return (unit for room, unit in reversed(self._order) if room)


class Rooms:
    """The room that a zone has for one demand: by layers of racks and nodes, and on hosts in use."""

    def __init__(self, plant: Plant, racks: list[int]) -> None:
        self._spans = plant.spans()
        self.layers = [Ranking(_sums(racks, span)) for span in self._spans]
        self.used: list[tuple[int, int]] = []

    def change(self, rack: int, by: int) -> None:
        """Note that a rack has more room, or less."""
        for span, layer in zip(self._spans, self.layers, strict=True):
            layer.change(rack // span, by)

    def note_used(self, host: int, before: int, after: int) -> None:
        """Note how much room a host in use has."""
        if before:
            del self.used[bisect_left(self.used, (before, host))]
        if after:
            insort(self.used, (after, host))


def _sums(racks: list[int], span: int) -> list[int]:
    return [sum(racks[at : at + span]) for at in range(0, len(racks), span)]


class ZoneOccupancy:
    """The hosts of a zone: which serve whom, which are down, what is left."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.uses: dict[int, Use] = {}
        self.down: set[int] = set()
        self.functions = Functions(plant.functions_per_card)
        self._rooms: dict[Demand, Rooms] = {}
        self._before: dict[int, list[tuple[int, int]]] = {}

    @cached_property
    def _reserved(self) -> list[tuple[range, str]]:
        """The hosts that are reserved for a family, from the first rack on."""
        found, first = [], 0
        for family, hosts in self.plant.families.items():
            found.append((range(first, first + hosts), family))
            first += hosts
        return found

    def reserved_for(self, host: int) -> str:
        """The family that a host is reserved for, "" for none."""
        return next((family for hosts, family in self._reserved if host in hosts), "")

    def room(self, host: int, demand: Demand) -> int:
        """Number of further instances that fit on a host; 0 if it is down or another family's or tenant's."""
        if host in self.down:
            return 0
        if use := self.uses.get(host):
            serves = use.family == demand.family and use.tenant == demand.tenant
            if not serves:
                return 0
            return min(use.left.holds(demand.need), self.functions.room(host, demand.functions))
        return self._empty_room(demand) if self.reserved_for(host) in ("", demand.family) else 0

    def _empty_room(self, demand: Demand) -> int:
        """Number of instances that fit on an empty host; 0 if the demand is for a Dedicated Host."""
        if demand.tenant.startswith("h-"):
            return 0
        return min(capacity.per_host(demand.type_name), self.functions.empty_room(demand.functions))

    def card(self, type_name: str, network_card: int) -> int:
        """The card of a host that is a network card of an instance: where there are fewer, they share."""
        return network_card % self.cards(capacity.family(type_name))

    def cards(self, family: str) -> int:
        """Number of network cards of a host that serves a family."""
        return self.plant.cards_per_host or capacity.cards(family)

    def rooms(self, demand: Demand) -> Rooms:
        """The room of all units for a demand."""
        self._note_changes()
        found = self._rooms.get(demand)
        if found is None:
            found = self._rooms[demand] = self._measure(demand)
        return found

    def _measure(self, demand: Demand) -> Rooms:
        whole = self._empty_room(demand)
        racks = [whole * self.plant.hosts_per_rack] * self.plant.racks
        special = self.uses.keys() | self.down
        for hosts, _ in self._reserved:
            special |= set(hosts)
        for host in special:
            racks[host // self.plant.hosts_per_rack] += self.room(host, demand) - whole
        rooms = Rooms(self.plant, racks)
        for host in self.uses:
            rooms.note_used(host, 0, self.room(host, demand))
        return rooms

    def hosts_of(self, rack: int) -> range:
        """The hosts of a rack."""
        return range(rack * self.plant.hosts_per_rack, (rack + 1) * self.plant.hosts_per_rack)

    # --- what changes is noted when somebody asks: many instances of a launch share a host ----------

    def _about_to_change(self, host: int) -> None:
        if host not in self._before:
            self._before[host] = self._look(host)

    def _note_changes(self) -> None:
        """Update the room in the racks, and in all units above them, of hosts that have changed."""
        for host, before in self._before.items():
            rack = host // self.plant.hosts_per_rack
            pairs = zip(self._rooms.values(), before, self._look(host), strict=True)
            for rooms, (room, used), (now, now_used) in pairs:
                if now != room:
                    rooms.change(rack, now - room)
                if now_used != used:
                    rooms.note_used(host, used, now_used)
        self._before.clear()

    def _look(self, host: int) -> list[tuple[int, int]]:
        used = host in self.uses
        rooms = [self.room(host, demand) for demand in self._rooms]
        return [(room, room if used else 0) for room in rooms]

    # --- changes ----------------------------------------------------------------------------------

    def take(self, host: int, demand: Demand) -> None:
        """Put an instance on a host; what has not enough left is overbooked, not refused: it is a fact."""
        self._about_to_change(host)
        use = self.uses.get(host)
        if use is None:
            use = self.uses[host] = Use(demand.family, demand.tenant, capacity.host_room(demand.family))
        use.left = use.left.less(demand.need)
        use.instances += 1

    def leave(self, host: int, demand: Demand) -> None:
        """Take an instance off a host."""
        self._about_to_change(host)
        use = self.uses[host]
        use.left = use.left.less(demand.need, -1)
        use.instances -= 1
        if not use.instances and not use.kept:
            del self.uses[host]

    def keep(self, host: int, family: str, tenant: str) -> None:
        """Keep a host for a tenant: it is a Dedicated Host now, empty but for instances of his own."""
        self._about_to_change(host)
        use = self.uses.setdefault(host, Use(family, tenant, capacity.host_room(family)))
        use.kept = True

    def give_back(self, host: int) -> None:
        """A Dedicated Host is one for everybody again."""
        self._about_to_change(host)
        self.uses[host].kept = False
        if not self.uses[host].instances:
            del self.uses[host]

    def give(self, host: int, card: int, number: int, interface: str) -> None:
        """Hand a virtual function of a card out to an interface."""
        self._about_to_change(host)
        self.functions.give(host, card, number, interface)

    def take_back(self, host: int, card: int, number: int, interface: str) -> None:
        """Take a virtual function back from an interface."""
        self._about_to_change(host)
        self.functions.take_back(host, card, number, interface)

    def fail(self, hosts: Iterable[int]) -> None:
        """Hosts are down: they have no room for anybody."""
        for host in set(hosts) - self.down:
            self._about_to_change(host)
            self.down.add(host)

    def repair(self, hosts: Iterable[int]) -> None:
        """Hosts are up again."""
        for host in set(hosts) & self.down:
            self._about_to_change(host)
            self.down.discard(host)
