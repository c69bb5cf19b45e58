"""Thirty instances, clients that never rest, and a server that is killed, stopped, stuck and full again and again.

Each blow is struck once, and then any, for ELASTINET_CHAOS_SECONDS: fewer at a desk than in CI.
ELASTINET_CHAOS_SEED says in which order.
"""

import collections
import contextlib
import os
import random
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tries
from chaos.blows import BLOWS, Blow, Confined, fill, groups, inits, wait_for_the_end
from chaos.load import Load
from commands import wait_until
from left import host
from wholeness import check_references, kept
from world import World

SECONDS = float(os.environ.get("ELASTINET_CHAOS_SECONDS", "45" if tries.SHARE == 1 else "10"))
SEED = os.environ.get("ELASTINET_CHAOS_SEED", "1")
INSTANCES, CLIENTS = 30, 2
GENEROUS_SECONDS = 120
STEADY = ("running", "stopped", "terminated")
PAUSE_SECONDS = (0.2, 1.5)


@pytest.fixture
def chaotic(tmp_path: Path) -> Iterator[Any]:
    """A server on a small disk of its own, where that can be had."""
    kind = Confined if os.geteuid() == 0 and shutil.which("nsenter") else World
    (tmp_path / "state").mkdir(mode=0o700)
    with contextlib.ExitStack() as stack:
        world = kind(tmp_path / "state", ELASTINET_QUOTAS="unlimited")
        if isinstance(world, Confined):
            stack.callback(world.close)
        stack.callback(lambda: world.cli("stop", check=False))
        yield world


def furnish(world: Any) -> SimpleNamespace:
    """Instances that let packets of ICMP in, and one that lets nothing in."""
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    closed = world.ec2.create_security_group(GroupName="closed", Description="d", VpcId=vpc.id)["GroupId"]
    vpc.open = world.launch(vpc.left, vpc.group, INSTANCES - 1)
    (vpc.closed,) = world.launch(vpc.left, closed)
    return vpc


def settled(world: Any) -> float:
    """How long it takes until the kernel has what the state asks for, and nothing fails."""
    began = time.monotonic()
    while True:
        try:
            request = urllib.request.Request(f"{world.url}/_elastinet/settle?timeout=20", method="POST")
            with urllib.request.urlopen(request, timeout=40) as answer:
                said = answer.read()
            if b'"settled": true' in said:
                return time.monotonic() - began
        except urllib.error.HTTPError as error:
            said = error.read()
        except OSError as error:
            said = str(error).encode()
        assert time.monotonic() - began < GENEROUS_SECONDS, f"{said!r} {unsettled(world)}"
        time.sleep(0.05)


def unsettled(world: Any) -> dict[str, Any]:
    """What is not as it was asked to be, or not yet."""
    pages = world.ec2.describe_instances()["Reservations"]
    states = {one["InstanceId"]: one["State"]["Name"] for page in pages for one in page["Instances"]}
    found: dict[str, Any] = {id: name for id, name in states.items() if name not in STEADY}
    for one in world.ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if attachment := one.get("Attachment"):
            holder = attachment.get("InstanceId", "")
            if attachment["Status"] != "attached" or holder in found:
                found[one["NetworkInterfaceId"]] = (
                    attachment["Status"],
                    attachment["DeviceIndex"],
                    holder,
                    states.get(holder),
                )
    return found | {"log": world.cli("logs").stdout[-1500:]}


def strike(
    world: Any, loads: list[Load], dice: random.Random, blows: list[Blow]
) -> tuple[collections.Counter[str], float, set[Path]]:
    """Blow after blow for a while, each kind once at least; how many of each, the longest way back, and all control groups."""
    struck: collections.Counter[str] = collections.Counter()
    seen: set[Path] = set()
    longest, began, order = 0.0, time.monotonic(), dice.sample(blows, len(blows))
    while order or time.monotonic() - began < SECONDS:
        blow = order.pop() if order else dice.choice(blows)
        time.sleep(dice.uniform(*PAUSE_SECONDS))
        print(f"{time.monotonic() - began:.1f} s: {blow.__name__}")
        blow(world, dice)
        struck[blow.__name__] += 1
        with contextlib.ExitStack() as paused:
            for load in loads:
                paused.enter_context(load.pausing())
            longest = max(longest, took := settled(world))
        seen |= groups(world.pid)
        print(f"settled in {took:.1f} s")
    return struck, longest, seen


@pytest.mark.timeout(SECONDS * 4 + 900)
def test_chaos(chaotic: Any, record_property: Callable[[str, object], None]) -> None:
    world, before = chaotic, host()
    mounts = Path("/proc/self/mountinfo").read_text()
    place = furnish(world)
    base = [one.id for one in place.open]
    loads = [Load(world, place, base[n::CLIENTS], f"{SEED} {n}") for n in range(CLIENTS)]
    blows = [blow for blow in BLOWS if blow is not fill or isinstance(world, Confined)]
    for load in loads:
        load.start()
    try:
        struck, longest, seen = strike(world, loads, random.Random(SEED), blows)
    finally:
        for load in loads:
            load.stop()
    settled(world)
    lost = [one for load in loads for one in load.lost()]
    acknowledged = sum(load.acknowledged for load in loads)
    record_property(
        "told", f"chaos: {dict(struck)}; acknowledged {acknowledged}, refused {sum(x.refused for x in loads)}, "
        f"unheard {sum(x.unheard for x in loads)}, lost {len(lost)}, settled in {longest:.1f} s at the most",
    )  # fmt: skip
    assert lost == []
    assert acknowledged > 10, "the clients got nothing done"
    check_packets(world, place)
    assert host() == before
    check_nothing_is_left(world, before, mounts, seen)


def check_packets(world: Any, place: SimpleNamespace) -> None:
    """Who lets packets in gets them, after all that."""
    everybody = [one.id for one in (*place.open, place.closed)]
    stopped = [id for id in everybody if state(world, id) == "stopped"]
    if stopped:
        world.ec2.start_instances(InstanceIds=stopped)
    waiter = world.ec2.get_waiter("instance_running")
    waiter.wait(InstanceIds=everybody, WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
    settled(world)
    one, *others = place.open
    for other in others:
        assert world.sh(one.id, f"ping -n -c1 -w5 {other.ip}").returncode == 0, other
    assert world.sh(one.id, f"ping -n -c2 -w2 {place.closed.ip}").returncode == 1
    assert world.out(one.id, "curl -s http://169.254.169.254/latest/meta-data/instance-id") == one.id


def state(world: Any, id: str) -> str:
    (found,) = world.ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"]
    return str(found["State"]["Name"])


def check_nothing_is_left(world: Any, before: list[str], mounts: str, seen: set[Path]) -> None:
    """As many instances' processes as there are instances; and nothing at all after the end."""
    shown = world.ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    running = sum(len(one["Instances"]) for one in shown["Reservations"])
    wait_until(lambda: len(inits(world.pid)) == running + 1)  # and the internet
    seen |= groups(world.pid)
    world.stop()
    wait_for_the_end(world.state)
    assert host() == before
    assert Path("/proc/self/mountinfo").read_text() == mounts
    wait_until(lambda: not any(group.exists() for group in seen))
    check_references(kept(world.seen_state if isinstance(world, Confined) else world.state))
