"""What is listed for the first time, and what has been listed before."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from bench.comparing import Asked, Cost, judged
from bench.endpoint import Endpoint, Row
from bench.requests import Make, create_interface, describe_all, describe_instances, launch
from bench.servers import all_servers

ROUNDS = 3
SETTLED_SECONDS = 0.5
IDLE_MS = 5.0
"""A server that uses less processor time than this in so many seconds has nothing to do."""


class Listing(NamedTuple):
    """A listing, how what it lists is made, and the milliseconds that it may take first and again."""

    name: str
    count: int
    make: Make
    ask: Make
    most_ms: dict[str, float]


LISTINGS = (
    Listing("DescribeInstances, 300", 3, launch, describe_instances, {"first": 15, "again": 4}),
    Listing(
        "DescribeNetworkInterfaces, 1,000", 1000, create_interface, describe_all, {"first": 10, "again": 3}
    ),
)


def measure() -> Iterator[Row]:
    """Rows of name, value and target; by byte, too, for others tell less of an instance."""
    for listing in LISTINGS:
        taken: dict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(ROUNDS):
            with all_servers() as servers:
                for name, at in servers.items():
                    for when, cost in once(at, listing).items():
                        taken[when][name].append(cost)
        medians = {when: {name: median(costs) for name, costs in by.items()} for when, by in taken.items()}
        for when, most in listing.most_ms.items():
            asked = Asked(f"{listing.name}, {when}", listing.ask, ROUNDS, most, {"ministack": 1, "moto": 5})
            yield from judged(asked, medians[when])
        by_byte = medians["by megabyte"]
        for told, index in (("ms", 0), ("processor time", 1)):
            name = f"{listing.name}, first, {told} by byte: ministack; times ours"
            yield name, by_byte["ministack"][index] / by_byte["elastinet"][index], ">= 1"


def median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(one) for one in zip(*costs, strict=True)))


def once(at: Endpoint, listing: Listing) -> dict[str, Cost]:
    """The costs of a listing of what has just been made, all, by megabyte, and again."""
    for number in range(listing.count):
        at.send(listing.make(at, number))
    rest(at)
    first, size = timed(at, listing)
    by_megabyte = Cost(*(figure / size * 1e6 for figure in first))
    return {"first": first, "by megabyte": by_megabyte, "again": timed(at, listing)[0]}


def rest(at: Endpoint) -> None:
    """Wait until a server has nothing to do: what is told of a launch after its answer has been told."""
    while (before := at.cpu_ms) >= 0:
        time.sleep(SETTLED_SECONDS)
        if at.cpu_ms - before < IDLE_MS:
            return


def timed(at: Endpoint, listing: Listing) -> tuple[Cost, int]:
    """The costs and the bytes of an answer."""
    began, before = time.perf_counter(), at.cpu_ms
    answer = at.send(listing.ask(at, 0))
    return Cost((time.perf_counter() - began) * 1000, at.cpu_ms - before), len(answer)
