"""A large account, asked over eight connections at once: what a second holds, and what many others cost."""

import statistics
import threading
import time
from collections.abc import Iterator

from bench.api import SUBNETS, Endpoint, Row, elastinet, encode

CONNECTIONS, INTERFACES, ASKED = 8, 10_000, 30
RATE = ">= 1000"
"""Interfaces made a second."""


def worker(url: str, subnets: list[str], count: int) -> None:
    """Make interfaces over a connection of one's own."""
    at = Endpoint(url)
    for number in range(count):
        at.send(encode("CreateNetworkInterface", SubnetId=subnets[number % len(subnets)]))
    at.close()


def create(at: Endpoint, url: str, count: int) -> float:
    """Interfaces a second."""
    share = count // CONNECTIONS
    threads = [threading.Thread(target=worker, args=(url, at.subnets, share)) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - began)


def describe(at: Endpoint, subnet: str) -> float:
    """The milliseconds of listing a subnet's interfaces by filter; the median."""
    body = encode("DescribeNetworkInterfaces", **{"Filter.1.Name": "subnet-id", "Filter.1.Value.1": subnet})
    taken = []
    for _ in range(ASKED):
        began = time.perf_counter()
        at.send(body)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with elastinet() as at:
        at.furnish()
        few, many = at.subnets[0], at.subnets[1:]
        for _ in range(INTERFACES // SUBNETS):
            at.send(encode("CreateNetworkInterface", SubnetId=few))
        alone = describe(at, few)
        at.subnets = many
        rate = create(at, f"http://{at.netloc}", INTERFACES)
        yield f"{INTERFACES} interfaces over {CONNECTIONS} connections: made a second", rate, RATE
        crowded = describe(at, few)
        name = f"{INTERFACES // SUBNETS} by subnet among {INTERFACES}: {crowded:.2f} ms, alone {alone:.2f} ms"
        yield f"{name}; ratio", crowded / alone, "<= 1.5"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
