"""The API beside two others that answer it: the same requests, byte for byte, in turn, over a connection each."""

import statistics
import time
from collections.abc import Iterator

from bench import listings
from bench.comparing import Asked, milliseconds, rows
from bench.endpoint import Row
from bench.requests import (
    authorize,
    create_group,
    create_interface,
    create_tags,
    describe_all,
    describe_one,
    describe_subnet,
    launch,
    launch_one,
)
from bench.servers import all_servers, elastinet

MUTATION = {"ministack": 1.2, "moto": 6}
SMALL = (
    Asked("CreateSecurityGroup", create_group, 150, 0.5, MUTATION),
    Asked("CreateTags", create_tags, 150, 0.5, MUTATION),
    Asked("CreateNetworkInterface", create_interface, 150, 0.5, MUTATION),
    Asked("AuthorizeSecurityGroupIngress", authorize, 150, 0.5, MUTATION),
    Asked("RunInstances of one", launch_one, 50, 0.8, {"moto": 5}),
    Asked("RunInstances of 100", launch, 10, 10, {"ministack": 1 / 3, "moto": 5}),
)
LARGE = (
    Asked("DescribeNetworkInterfaces, one by id", describe_one, 50, 0.5, {"ministack": 1, "moto": 5}),
    Asked("DescribeNetworkInterfaces, 100 by subnet", describe_subnet, 20, 3, {"moto": 20}),
    Asked("DescribeNetworkInterfaces, all", describe_all, 5, 15, {"ministack": 1, "moto": 20}),
)


def start_and_reset() -> Iterator[Row]:
    """From nothing to healthy, and from a small region to a fresh one."""
    starts, resets = [], []
    for _ in range(5):
        began = time.perf_counter()
        with elastinet() as at:
            starts.append(time.perf_counter() - began)
            at.furnish()
            began = time.perf_counter()
            at.send(b"", "/_elastinet/reset")
            resets.append(time.perf_counter() - began)
    yield "fabric none: seconds from start to healthy", statistics.median(starts), "<= 1"
    yield "fabric none: seconds to reset a small region", statistics.median(resets), "<= 0.2"


def first_launch() -> Iterator[Row]:
    """The first instance of a server, half a second after its start."""
    taken = []
    for _ in range(3):
        with elastinet() as at:
            at.furnish()
            time.sleep(0.5)
            taken.append(milliseconds(at, launch_one(at, 1)))
    yield "RunInstances of one, the first of a server; ms", statistics.median(taken), "<= 3"


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    yield from start_and_reset()
    yield from first_launch()
    with all_servers() as servers:
        yield from rows(servers, SMALL)
        for at in servers.values():
            at.crowd()
        yield from rows(servers, LARGE)
    yield from listings.measure()


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
