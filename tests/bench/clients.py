"""The API as boto3's users have it: the same calls of three servers in turn, with all that the client does."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from bench.comparing import BURST
from bench.endpoint import Endpoint, Row
from bench.servers import all_servers

Call = Callable[[Any, Endpoint, int], object]


class Called(NamedTuple):
    """A call, how often it is made, and how many times as long it is to take with the others."""

    name: str
    call: Call
    times: int
    least: dict[str, float]


def client(at: Endpoint) -> Any:
    """A client of a server, in the account that its resources are in."""
    keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "x"}
    config = Config(retries={"max_attempts": 0})
    return boto3.client(
        "ec2", region_name="us-east-1", endpoint_url=f"http://{at.netloc}", config=config, **keys
    )


def launch(count: int) -> Call:
    def call(client: Any, at: Endpoint, number: int) -> object:
        subnet = at.subnets[number % len(at.subnets)]
        wanted = {"ImageId": at.image, "InstanceType": "t3.micro", "SubnetId": subnet}
        return client.run_instances(MinCount=count, MaxCount=count, **wanted)

    return call


def create_interface(client: Any, at: Endpoint, number: int) -> object:
    return client.create_network_interface(SubnetId=at.subnets[number % len(at.subnets)])


CALLS = (
    Called("create_network_interface", create_interface, 60, {"ministack": 1, "moto": 2}),
    Called("run_instances of one", launch(1), 30, {"moto": 2}),
    Called("run_instances of 100", launch(100), 3, {"moto": 2}),
    Called("describe_instances, 330", lambda client, at, _: client.describe_instances(), 5, {"moto": 2}),
    Called(
        "describe_network_interfaces, 390 and what others make themselves",
        lambda client, at, _: client.describe_network_interfaces(),
        5,
        {"moto": 2},
    ),
)


def compare(pairs: dict[str, tuple[Any, Endpoint]], called: Called) -> dict[str, float]:
    """The median milliseconds with each, called in turn, a burst at a time."""
    taken: dict[str, list[float]] = {name: [] for name in pairs}
    for first in range(0, called.times, BURST):
        for name, (client, at) in pairs.items():
            for number in range(first, min(first + BURST, called.times)):
                began = time.perf_counter()
                called.call(client, at, number)
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: statistics.median(found) for name, found in taken.items()}


def measure() -> Iterator[Row]:
    """Rows of name, value and target; ratios only, for most of the time is the client's own."""
    with all_servers() as servers:
        pairs = {name: (client(at), at) for name, at in servers.items()}
        for called in CALLS:
            taken = compare(pairs, called)
            mine = taken["elastinet"]
            for name, least in called.least.items():
                told = f"boto3's {called.name}, {mine:.2f} ms: {name} {taken[name]:.2f} ms; times ours"
                yield told, taken[name] / mine, f">= {least:g}"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
