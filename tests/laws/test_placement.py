"""The three strategies against a solver that tries everything, on zones small enough for it."""

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from elastinet.catalog.plant import Plant
from elastinet.rules.placement import placement
from elastinet.rules.placement.occupancy import Demand, ZoneOccupancy
from tries import tries

TINY = Plant(spines=1, cores_per_spine=2, nodes_per_core=2, racks_per_node=2, hosts_per_rack=2)
NARROW = Plant(cores_per_spine=1, nodes_per_core=3, racks_per_node=1, hosts_per_rack=3, families={"m5": 4})
FEW_FUNCTIONS = Plant(
    cores_per_spine=1, nodes_per_core=3, racks_per_node=1, hosts_per_rack=3, functions_per_card=3
)
PLANTS = [TINY, NARROW, FEW_FUNCTIONS]
DEMANDS = [
    Demand("m5.24xlarge"),
    Demand("m5.12xlarge"),
    Demand("c5.18xlarge"),
    Demand("m5.12xlarge", "000000000001"),
    Demand("m5.xlarge", functions=(1,)),
    Demand("m5.12xlarge", functions=(2,)),
    Demand("c5.9xlarge", functions=(1, 2)),
]


@st.composite
def zones(draw: st.DrawFn) -> ZoneOccupancy:
    """A small zone in some state of use, reached step by step with questions in between."""
    zone = ZoneOccupancy(draw(st.sampled_from(PLANTS)))
    taken: list[tuple[int, Demand]] = []
    for _ in range(draw(st.integers(0, 30))):
        demand = draw(st.sampled_from(DEMANDS))
        if taken and draw(st.integers(0, 3)) == 0:
            leave(zone, *taken.pop(draw(st.integers(0, len(taken) - 1))))
            continue
        rooms = [host for host in range(zone.plant.hosts) if zone.room(host, demand)]
        if rooms:
            taken.append((draw(st.sampled_from(rooms)), demand))
            take(zone, *taken[-1])
        zone.rooms(draw(st.sampled_from(DEMANDS)))
    hosts = st.sets(st.integers(0, zone.plant.hosts - 1), max_size=4)
    zone.fail(draw(hosts))
    zone.repair(draw(hosts))
    return zone


def take(zone: ZoneOccupancy, host: int, demand: Demand) -> None:
    """Put an instance on a host, with interfaces that get functions."""
    zone.take(host, demand)
    for card, count in enumerate(demand.functions):
        for _ in range(count):
            number = zone.functions.lowest_free(host, card)
            assert number is not None
            zone.give(host, card, number, demand.type_name)


def leave(zone: ZoneOccupancy, host: int, demand: Demand) -> None:
    """Take it off, and as many functions from interfaces of its type."""
    for card, count in enumerate(demand.functions):
        held = zone.functions.held[host, card]
        for number in [n for n, holder in held.items() if holder == demand.type_name][:count]:
            zone.take_back(host, card, number, demand.type_name)
    zone.leave(host, demand)


def room(zone: ZoneOccupancy, demand: Demand, racks: range) -> int:
    return sum(zone.room(host, demand) for rack in racks for host in zone.hosts_of(rack))


def fits(zone: ZoneOccupancy, demand: Demand, hosts: list[int]) -> bool:
    return all(hosts.count(host) <= zone.room(host, demand) for host in set(hosts))


def distance(zone: ZoneOccupancy, hosts: list[int]) -> int:
    """The innermost layer of which one unit holds all these hosts."""
    racks = {host // zone.plant.hosts_per_rack for host in hosts}
    return next(n for n, span in enumerate(zone.plant.spans()) if len({rack // span for rack in racks}) == 1)


@given(zones(), st.sampled_from(DEMANDS))
@settings(max_examples=tries(200))
def test_room_kept_is_room_counted(zone: ZoneOccupancy, demand: Demand) -> None:
    kept = zone.rooms(demand)
    for span, layer in zip(zone.plant.spans(), kept.layers, strict=True):
        counted = [room(zone, demand, range(at, at + span)) for at in range(0, zone.plant.racks, span)]
        assert layer.rooms == counted
        assert [layer.rooms[unit] for unit in layer.largest_first()] == sorted(
            filter(None, counted), reverse=True
        )
    assert kept.used == sorted((r, host) for host in zone.uses if (r := zone.room(host, demand)))


@given(zones(), st.sampled_from(DEMANDS))
@settings(max_examples=tries(200))
def test_room_is_what_can_be_taken(zone: ZoneOccupancy, demand: Demand) -> None:
    """Instances go onto a host one by one until its room says that it is full, and no card has too few."""
    for host in range(zone.plant.hosts):
        left = zone.room(host, demand)
        for rest in range(left, 0, -1):
            assert zone.room(host, demand) == rest
            take(zone, host, demand)
        assert zone.room(host, demand) == 0
    for numbers in zone.functions.held.values():
        assert set(numbers) <= set(range(zone.plant.functions_per_card))


@given(zones(), st.sampled_from(DEMANDS), st.integers(1, 20))
@settings(max_examples=tries(200))
def test_anywhere(zone: ZoneOccupancy, demand: Demand, count: int) -> None:
    found = placement.anywhere(zone, demand, count)
    assert len(found) == min(count, room(zone, demand, range(zone.plant.racks)))
    assert fits(zone, demand, found)


@given(
    zones(),
    st.sampled_from(DEMANDS),
    st.integers(1, 6),
    st.sets(st.integers(0, NARROW.hosts - 1), max_size=2),
)
@settings(max_examples=tries(300))
def test_cluster_is_the_tightest(zone: ZoneOccupancy, demand: Demand, count: int, members: set[int]) -> None:
    found = placement.cluster(zone, demand, count, members)
    count = min(count, room(zone, demand, range(zone.plant.racks)))
    assert len(found) == count
    assert fits(zone, demand, found)
    if not found and not members:
        return
    assert distance(zone, [*found, *members]) == tightest(zone, demand, count, members)


def tightest(zone: ZoneOccupancy, demand: Demand, count: int, members: set[int]) -> int:
    """The innermost layer of which some unit holds all members and has room for the rest."""
    home = {host // zone.plant.hosts_per_rack for host in members}
    for layer, span in enumerate(zone.plant.spans()):
        for first in range(0, zone.plant.racks, span):
            racks = range(first, first + span)
            if home <= set(racks) and room(zone, demand, racks) >= count:
                return layer
    raise AssertionError("the zone itself has too little room")


@given(
    zones(),
    st.sampled_from(DEMANDS),
    st.integers(1, 7),
    st.sets(st.integers(0, NARROW.racks - 1), max_size=4),
)
@settings(max_examples=tries(200))
def test_no_possible_spread_is_refused(
    zone: ZoneOccupancy, demand: Demand, count: int, taken: set[int]
) -> None:
    found = placement.spread(zone, demand, count, taken)
    possible = [
        rack
        for rack in range(zone.plant.racks)
        if rack not in taken and room(zone, demand, range(rack, rack + 1))
    ]
    racks = [host // zone.plant.hosts_per_rack for host in found]
    assert len(racks) == len(set(racks)) == min(count, len(possible))
    assert not set(racks) & taken
    assert fits(zone, demand, found)


def partitionable(
    zone: ZoneOccupancy, demand: Demand, count: int, owners: dict[int, int], wanted: int | None, number: int
) -> bool:
    """Whether some way to hand the free racks out gives the request enough room."""
    free = [rack for rack in range(zone.plant.racks) if rack not in owners]
    numbers = range(1, number + 1) if wanted is None else [wanted]
    for choice in itertools.product(numbers, repeat=len(free)):
        whole = owners | dict(zip(free, choice, strict=True))
        mine = [rack for rack, own in whole.items() if own in numbers]
        if sum(room(zone, demand, range(rack, rack + 1)) for rack in mine) >= count:
            return True
    return False


@given(zones(), st.sampled_from(DEMANDS), st.integers(1, 12), st.dictionaries(st.integers(0, NARROW.racks - 1), st.integers(1, 2), max_size=6),
       st.sampled_from([None, 1, 2]))  # fmt: skip
@settings(max_examples=tries(200))
def test_no_possible_partition_is_refused(
    zone: ZoneOccupancy, demand: Demand, count: int, owners: dict[int, int], wanted: int | None
) -> None:
    loads = {1: 0, 2: 0}
    found = placement.partition(zone, demand, count, owners, loads, wanted)
    assert (len(found) == count) == partitionable(zone, demand, count, owners, wanted, 2)
    assert fits(zone, demand, [host for host, _ in found])
    whole = dict(owners)
    for host, number in found:
        assert whole.setdefault(host // zone.plant.hosts_per_rack, number) == number
        assert wanted in (None, number)


def test_partitions_are_evened_out() -> None:
    zone = ZoneOccupancy(Plant())
    found = placement.partition(zone, Demand("m5.large"), 21, {}, dict.fromkeys(range(1, 8), 0), None)
    assert sorted(number for _, number in found) == sorted([*range(1, 8)] * 3)


def test_nine_tenths_full() -> None:
    """Of racks that are nine tenths full every one that has room is found."""
    zone, dice, demand = ZoneOccupancy(Plant(hosts_per_rack=10)), random.Random(1), Demand("m5.24xlarge")
    for host in dice.sample(range(zone.plant.hosts), zone.plant.hosts * 9 // 10):
        zone.take(host, demand)
    racks = [rack for rack in range(zone.plant.racks) if room(zone, demand, range(rack, rack + 1))]
    assert len(placement.spread(zone, demand, len(racks) + 1, ())) == len(racks)
