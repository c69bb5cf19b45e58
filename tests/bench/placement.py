"""Placement in a zone of 100,000 hosts: the same questions that RunInstances and StartInstances ask."""

import random
import time
from collections.abc import Callable, Iterator

from elastinet.catalog.plant import Plant
from elastinet.rules.placement import placement
from elastinet.rules.placement.occupancy import Demand, ZoneOccupancy

Row = tuple[str, float, str]
INSTANCES = 10_000
LARGE = Plant(spines=4, cores_per_spine=5, nodes_per_core=10, racks_per_node=50, hosts_per_rack=10)
DEMANDS = [
    Demand(kind, functions=(1,))
    for kind in ("m5.large", "m5.xlarge", "c5.4xlarge", "r5.24xlarge", "t3.micro")
]


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def launch(zone: ZoneOccupancy, dice: random.Random) -> float:
    """The seconds of one launch of one instance: to find its host, to take it, and a function of its card."""
    demand = dice.choice(DEMANDS)
    began = time.perf_counter()
    (host,) = placement.anywhere(zone, demand, 1)
    zone.take(host, demand)
    number = zone.functions.lowest_free(host, 0)
    assert number is not None
    zone.give(host, 0, number, "eni")
    return time.perf_counter() - began


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    zone, dice = ZoneOccupancy(LARGE), random.Random(0)
    taken = sorted(launch(zone, dice) for _ in range(INSTANCES))
    what = f"{INSTANCES} instances on {LARGE.hosts} hosts"
    yield f"{what}: seconds for all, one by one", sum(taken), "<= 1"
    yield f"{what}: ms that 99 of 100 stay below", taken[INSTANCES * 99 // 100] * 1000, "<= 1"
    demand = DEMANDS[1]
    groups = dict.fromkeys(range(1, 8), 0)
    asked: tuple[tuple[str, Callable[[], object]], ...] = (
        ("a cluster", lambda: placement.cluster(zone, demand, INSTANCES, ())),
        ("seven partitions", lambda: placement.partition(zone, demand, INSTANCES, {}, groups, None)),
    )
    for name, work in asked:
        yield f"{INSTANCES} of {name} among them, in one request: seconds", seconds(work), "<= 1"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.3f}  {target}")
