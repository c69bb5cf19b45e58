"""Requests asked of several servers in turn, and rows of what they took."""

import statistics
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bench.endpoint import Endpoint, Row
from bench.requests import Make

BURST = 10


class Asked(NamedTuple):
    """A request, how often it is sent, and what it may cost: milliseconds, and times faster than another."""

    name: str
    make: Make
    times: int
    most_ms: float
    least: Mapping[str, float]


def milliseconds(at: Endpoint, body: bytes) -> float:
    began = time.perf_counter()
    at.send(body)
    return (time.perf_counter() - began) * 1000


def compare(servers: dict[str, Endpoint], make: Make, times: int) -> dict[str, float]:
    """The median milliseconds of each, asked in turn, a burst at a time: as a client at work asks."""
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for first in range(0, times, BURST):
        for name, at in servers.items():
            bodies = [make(at, number) for number in range(first + 1, min(first + BURST, times) + 1)]
            taken[name] += [milliseconds(at, body) for body in bodies]
    return {name: statistics.median(found) for name, found in taken.items()}


def rows(servers: dict[str, Endpoint], table: tuple[Asked, ...]) -> Iterator[Row]:
    for asked in table:
        yield from judged(asked, compare(servers, asked.make, asked.times))


def judged(asked: Asked, taken: Mapping[str, float]) -> Iterator[Row]:
    """What a request took with us, and how many times as long with others."""
    mine = taken["elastinet"]
    yield f"{asked.name}; ms", mine, f"<= {asked.most_ms:g}"
    for name, least in asked.least.items():
        yield f"{asked.name}: {name} {taken[name]:.2f} ms; times ours", taken[name] / mine, f">= {least:.2g}"
