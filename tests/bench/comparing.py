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


class Cost(NamedTuple):
    """What a request costs: milliseconds until it is answered, and of the server's processor time.

    The second is also what follows the answer, and tells the same whatever else the machine does.
    """

    ms: float
    cpu_ms: float


def compare(servers: dict[str, Endpoint], make: Make, times: int) -> dict[str, Cost]:
    """The median costs with each, asked in turn, a burst at a time: as a client at work asks."""
    taken: dict[str, list[float]] = {name: [] for name in servers}
    used: dict[str, list[float]] = {name: [] for name in servers}
    for first in range(0, times, BURST):
        for name, at in servers.items():
            bodies = [make(at, number) for number in range(first + 1, min(first + BURST, times) + 1)]
            before = at.cpu_ms
            taken[name] += [milliseconds(at, body) for body in bodies]
            used[name].append((at.cpu_ms - before) / len(bodies))
    return {name: Cost(statistics.median(taken[name]), statistics.median(used[name])) for name in servers}


def rows(servers: dict[str, Endpoint], table: tuple[Asked, ...]) -> Iterator[Row]:
    for asked in table:
        yield from judged(asked, compare(servers, asked.make, asked.times))


def judged(asked: Asked, taken: Mapping[str, Cost]) -> Iterator[Row]:
    """What a request took with us, and how many times as long with others."""
    mine = taken["elastinet"]
    yield f"{asked.name}; ms", mine.ms, f"<= {asked.most_ms:g}"
    yield f"{asked.name}; ms of processor time", mine.cpu_ms, f"<= {asked.most_ms:g}"
    for name, least in asked.least.items():
        ms, cpu_ms = taken[name]
        yield f"{asked.name}: {name} {ms:.2f} ms; times ours", ms / mine.ms, f">= {least:.2g}"
        told = f"{asked.name}: {name} {cpu_ms:.2f} ms of processor time; times ours"
        yield told, cpu_ms / mine.cpu_ms, f">= {least:.2g}"
