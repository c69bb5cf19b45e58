"""What is listed for the first time, and what has been listed before."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from bench.comparing import Asked, judged
from bench.endpoint import Endpoint, Row
from bench.requests import Make, create_interface, describe_all, describe_instances, launch
from bench.servers import all_servers

ROUNDS = 3
SETTLED_SECONDS = 0.5
"""Until what is told of a launch after its answer has been told."""


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
        taken: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(ROUNDS):
            with all_servers() as servers:
                for name, at in servers.items():
                    for when, figure in once(at, listing).items():
                        taken[when][name].append(figure)
        medians = {when: {n: statistics.median(f) for n, f in by.items()} for when, by in taken.items()}
        for when, most in listing.most_ms.items():
            asked = Asked(f"{listing.name}, {when}", listing.ask, ROUNDS, most, {"moto": 5})
            yield from judged(asked, medians[when])
        by_byte = medians["by megabyte"]
        name = f"{listing.name}, first, by byte: ministack; times ours"
        yield name, by_byte["ministack"] / by_byte["elastinet"], ">= 1"


def once(at: Endpoint, listing: Listing) -> dict[str, float]:
    """The milliseconds of a listing of what has just been made, all, by megabyte, and again."""
    for number in range(listing.count):
        at.send(listing.make(at, number))
    time.sleep(SETTLED_SECONDS)
    first, size = timed(at, listing)
    return {"first": first, "by megabyte": first / size * 1e6, "again": timed(at, listing)[0]}


def timed(at: Endpoint, listing: Listing) -> tuple[float, int]:
    """The milliseconds and the bytes of an answer."""
    began = time.perf_counter()
    answer = at.send(listing.ask(at, 0))
    return (time.perf_counter() - began) * 1000, len(answer)
