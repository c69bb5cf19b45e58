"""ENA Express and bandwidth weighting on packets: a flow's limit, an instance's, and their changes while it runs."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from world import World

SCALE = 0.002
SINK = """
import socket, threading
listener, datagrams = socket.create_server(("0.0.0.0", 7000)), socket.socket(type=socket.SOCK_DGRAM)
datagrams.bind(("0.0.0.0", 7000))
def eat(one):
    while one.recv(1 << 16):
        pass
while True:
    threading.Thread(target=eat, args=(listener.accept()[0],), daemon=True).start()
"""
SEND = """
import socket, sys, threading
def send(kind):
    out = socket.socket(type=kind)
    out.connect((sys.argv[1], 7000))
    while True:
        out.send(bytes(8000))
kind = socket.SOCK_DGRAM if sys.argv[2] == "udp" else socket.SOCK_STREAM
for _ in range(int(sys.argv[3])):
    threading.Thread(target=send, args=(kind,)).start()
"""


@pytest.fixture
def today(tmp_path: Path) -> Iterator[World]:
    """A server of the edition 2026 on which a gigabit is two megabits."""
    made = World(tmp_path / "state", "--rules", "2026", "--bandwidth-scale", str(SCALE))
    yield made
    made.cli("stop", check=False)


@contextlib.contextmanager
def running(world: World, instance: str, script: str, *words: str) -> Iterator[None]:
    """A program in an instance for as long as the block."""
    quoted = " ".join(words)
    pid = world.out(instance, f"nohup python3 -c '{script}' {quoted} >/dev/null 2>&1 & echo $!").strip()
    try:
        yield
    finally:
        world.sh(instance, f"kill {pid}")


@contextlib.contextmanager
def sink(world: World, instance: str) -> Iterator[None]:
    """A program that takes in what is sent, from the moment on that it listens."""
    with running(world, instance, SINK):
        world.out(instance, "until ss -Htln | grep -q :7000; do sleep 0.02; done")
        yield


def gbps(world: World, one: Any, other: Any, transport: str = "tcp", flows: int = 1) -> float:
    """What arrives of new flows, once nothing comes any more of those before."""
    drained(world, other)
    with running(world, one.id, SEND, other.ip, transport, str(flows)):
        return arriving(world, other)


def drained(world: World, instance: Any) -> None:
    """Wait until nothing arrives: what has been sent before waits in queues, of UDP for seconds."""
    count = "cat /sys/class/net/eth0/statistics/rx_bytes"
    world.out(instance.id, f"while a=$({count}); sleep 0.2; [ $(($({count}) - a)) -gt 5000 ]; do :; done")


def arriving(world: World, instance: Any) -> float:
    """What an instance receives in frames, in Gbit/s as on EC2, when it has settled."""
    time.sleep(0.8)
    read = "cut -d ' ' -f 1 /proc/uptime; cat /sys/class/net/eth0/statistics/rx_bytes"
    since, before, until, after = map(float, world.out(instance.id, f"{read}; sleep 1; {read}").split())
    return (after - before) * 8 / (until - since) / SCALE / 1e9


def enable(world: World, instance: Any, **spec: Any) -> None:
    (eni,) = (i["NetworkInterfaceId"] for i in instance.shown["NetworkInterfaces"])
    world.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, EnaSrdSpecification=spec)
    world.settle()


@pytest.fixture
def place(today: World) -> Any:
    vpc = today.vpc()
    today.allow(vpc.group, "-1")
    return SimpleNamespace(world=today, left=vpc.left, group=vpc.group)


def launch(place: Any, kind: str, **more: Any) -> Any:
    (made,) = place.world.launch(place.left, place.group, InstanceType=kind, **more)
    return made


def test_one_flow_with_and_without(place: Any) -> None:
    """5 Gbps, and 25 as soon as both ends have it; UDP by its own flag; also while a flow lasts."""
    world = place.world
    one, other = launch(place, "c6in.8xlarge"), launch(place, "c6in.8xlarge")
    with sink(world, other.id):
        assert gbps(world, one, other) == pytest.approx(5, rel=0.1)
        enable(world, one, EnaSrdEnabled=True)
        assert gbps(world, one, other) == pytest.approx(5, rel=0.1)
        enable(world, other, EnaSrdEnabled=True)
        assert gbps(world, one, other) == pytest.approx(25, rel=0.1)
        assert gbps(world, one, other, "udp") == pytest.approx(5, rel=0.1)
        for end in (one, other):
            enable(world, end, EnaSrdUdpSpecification={"EnaSrdUdpEnabled": True})
        assert gbps(world, one, other, "udp") == pytest.approx(25, rel=0.1)
        drained(world, other)
        with running(world, one.id, SEND, other.ip, "tcp", "1"):  # a flow that lasts
            assert arriving(world, other) == pytest.approx(25, rel=0.1)
            enable(world, other, EnaSrdEnabled=False)
            assert arriving(world, other) == pytest.approx(5, rel=0.1)
            enable(world, other, EnaSrdEnabled=True)
            assert arriving(world, other) == pytest.approx(25, rel=0.1)


def test_an_instances_bandwidth_by_its_weighting(place: Any) -> None:
    """40 Gbps by default; 50 after a stop, a change and a start."""
    world = place.world
    options = {"NetworkPerformanceOptions": {"BandwidthWeighting": "default"}}
    one, other = launch(place, "m8i.24xlarge", **options), launch(place, "c6in.32xlarge")
    with sink(world, other.id):
        for weighting, most in (("default", 40), ("vpc-1", 50)):
            if weighting != "default":
                world.ec2.stop_instances(InstanceIds=[one.id])
                world.ec2.get_waiter("instance_stopped").wait(
                    InstanceIds=[one.id], WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200}
                )
                world.ec2.modify_instance_network_performance_options(
                    InstanceId=one.id, BandwidthWeighting=weighting
                )
                world.ec2.start_instances(InstanceIds=[one.id])
                world.settle()
            assert gbps(world, one, other, flows=16) == pytest.approx(most, rel=0.1)
