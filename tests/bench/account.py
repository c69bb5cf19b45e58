"""A large account, asked over eight connections at once: what a second holds, and what many others cost."""

import itertools
import selectors
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator

from bench.endpoint import SUBNETS, Endpoint, Row, encode
from bench.listings import rest
from bench.requests import launch
from bench.servers import all_servers, elastinet

CONNECTIONS, INTERFACES, ASKED = 8, 10_000, 30
LAUNCHES, MANY, ROUNDS = 20, 100_000, 3
BESIDE = {"elastinet": 2000, "ministack": 1000, "moto": 200}
"""Interfaces that each makes in a round."""
RATE = ">= 3000"
"""Interfaces made a second."""


def create(at: Endpoint, count: int) -> float:
    """Interfaces a second, over several connections at once: each has its next request when it is answered."""
    bodies = iter(
        [encode("CreateNetworkInterface", SubnetId=at.subnets[n % len(at.subnets)]) for n in range(count)]
    )
    began = time.perf_counter()
    with selectors.DefaultSelector() as waiting:
        for body in itertools.islice(bodies, CONNECTIONS):
            ask(waiting, at, body)
        while waiting.get_map():
            for key, _ in waiting.select():
                waiting.unregister(key.fileobj)
                kept = answered(key.fileobj)
                if body := next(bodies, None):
                    ask(waiting, at, body, kept)
                elif kept is not None:
                    kept.close()
    return count / (time.perf_counter() - began)


def ask(
    waiting: selectors.DefaultSelector, at: Endpoint, body: bytes, kept: socket.socket | None = None
) -> None:
    """Send a request, over a connection that is kept or a new one, and wait for the answer with the others."""
    host, _, port = at.netloc.partition(":")
    asked = kept or socket.create_connection((host, int(port)))
    asked.sendall(at.request(body))
    waiting.register(asked, selectors.EVENT_READ)


def answered(asked: socket.socket) -> socket.socket | None:
    """Take an answer; gives the connection, or None if the server closes it. Raises RuntimeError for a refusal."""
    data = b""
    while not data.endswith(b"</CreateNetworkInterfaceResponse>"):
        data += (more := asked.recv(1 << 16))
        if not more or not data.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(data.decode())
    if b"\r\nconnection: close\r\n" not in data.lower():
        return asked
    asked.close()
    return None


def memory() -> Iterator[Row]:
    """What an instance takes of the server's memory, with its interface, its volume and what is kept of answers."""
    with elastinet() as at:
        at.furnish()
        before = after_launches(at, 0)
        took = after_launches(at, LAUNCHES) - before
        yield f"memory of an instance among {LAUNCHES * 100}; KB", took / (LAUNCHES * 100), "<= 12"


def after_launches(at: Endpoint, launches: int) -> int:
    """The memory of our server after so many launches of 100, and one that makes tables be read."""
    for number in range(launches + 1):
        at.send(launch(at, number))
    rest(at)
    return at.resident_kb


def many() -> Iterator[Row]:
    """The memory of a hundred thousand interfaces, and a start from their journal."""
    with tempfile.TemporaryDirectory() as folder:
        with elastinet(folder) as at:
            for _ in range(3):  # as many VPCs, whose subnets have room for them all
                at.furnish()
            create(at, MANY)
            yield f"memory of a server with {MANY} interfaces; MB", at.resident_kb / 1024, "<= 600"
        for how in ("from a line each, which it writes anew", "from lines of a thousand"):
            began = time.perf_counter()
            with elastinet(folder) as at:
                wall, cpu = time.perf_counter() - began, at.cpu_ms / 1000
                name = f"start with {MANY} interfaces {how}"
                yield f"{name}; seconds until it is healthy", wall, "<= 3"
                yield f"{name}; seconds of processor time", cpu, "<= 3"
                yield f"{name}; MB", at.resident_kb / 1024, "<= 600"


def beside() -> Iterator[Row]:
    """Interfaces made a second by three servers in turn, eight clients at once."""
    rates: dict[str, list[float]] = {}
    with all_servers() as servers:
        for _ in range(ROUNDS):
            for name, at in servers.items():
                rates.setdefault(name, []).append(create(at, BESIDE[name]))
    found = {name: statistics.median(rate) for name, rate in rates.items()}
    mine = found.pop("elastinet")
    yield f"over {CONNECTIONS} connections: interfaces a second", mine, RATE
    for name, rate in found.items():
        yield (
            f"over {CONNECTIONS} connections: {name} {rate:.0f} a second; ours, times",
            mine / rate,
            ">= 1.2",
        )


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
        rate = create(at, INTERFACES)
        yield f"{INTERFACES} interfaces over {CONNECTIONS} connections: made a second", rate, RATE
        crowded = describe(at, few)
        name = f"{INTERFACES // SUBNETS} by subnet among {INTERFACES}: {crowded:.2f} ms, alone {alone:.2f} ms"
        yield f"{name}; ratio", crowded / alone, "<= 1.5"
    yield from beside()
    yield from memory()
    yield from many()


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
