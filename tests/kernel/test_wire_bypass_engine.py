"""EFA's shared memory when the engine ends in the middle of a move: afterwards exactly those share it who may."""

import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from commands import wait_until
from family import child, children, of_module
from world import World

AGENT, ENGINE = "elastinet.fabric.agent.agent", "elastinet.serve.server"
HOLD = (
    "setsid sh -c 'exec 9</dev/shm; exec sleep 4343' >/dev/null 2>&1 </dev/null & "
    "until readlink /proc/$!/fd/9 >/dev/null; do sleep 0.02; done; echo $!"
)
REST = "setsid sleep 4343 >/dev/null 2>&1 </dev/null & echo $!"


@pytest.fixture
def trio(own_world: World) -> SimpleNamespace:
    """Three instances: the first shares with the second by the first of its groups, or else with the third."""
    vpc = own_world.vpc_for_efa()
    other = own_world.ec2.create_security_group(GroupName="other", Description="d", VpcId=vpc.id)["GroupId"]
    own = {
        "GroupId": other,
        "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": other}]}],
    }
    own_world.ec2.authorize_security_group_ingress(**own)
    own_world.ec2.authorize_security_group_egress(**own)
    of = [launch(own_world, vpc.left, groups) for groups in ([vpc.group, other], [vpc.group], [other])]
    own_world.settle()
    return SimpleNamespace(world=own_world, own=vpc.own, of=of)


def launch(world: World, subnet: str, groups: list[str]) -> str:
    card = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": groups, "InterfaceType": "efa"}
    (made,) = world.launch("", "", InstanceType="c5n.18xlarge", NetworkInterfaces=[card])
    return str(made.id)


def sharing(trio: SimpleNamespace) -> set[tuple[int, int]]:
    """The pairs who share memory, each found by both."""
    names = [f"{number}-{time.monotonic_ns()}" for number in range(3)]
    for id, name in zip(trio.of, names, strict=True):
        trio.world.out(id, f"touch /dev/shm/{name}")
    seen = [trio.world.out(id, "ls /dev/shm").split() for id in trio.of]
    pairs = itertools.permutations(range(3), 2)
    return {(one, other) for one, other in pairs if names[other] in seen[one]}


BY_FIRST, BY_SECOND = {(0, 1), (1, 0)}, {(0, 2), (2, 0)}


def change(trio: SimpleNamespace, verb: str) -> None:
    getattr(trio.world.ec2, f"{verb}_security_group_egress")(**trio.own)


def processes(world: World) -> dict[str, int]:
    """The agent, and its process that forks those who move an instance."""
    guard = child(world, AGENT)
    assert guard
    (agent,) = children(guard)
    (spawner,) = of_module(agent, AGENT)
    return {"agent": agent, "spawner": spawner}


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def end_engine(world: World, number: int) -> None:
    """End the engine, and wait for the next, as long as it takes one to tell the agent all."""
    before = child(world, ENGINE)
    assert before
    os.kill(before, number)
    wait_until(lambda: child(world, ENGINE) not in (None, before))
    world.ec2.describe_instances()
    time.sleep(0.3)


def lives(trio: SimpleNamespace, id: str, pid: str) -> bool:
    return bool(trio.world.sh(id, f"kill -0 {pid}").returncode == 0)


@pytest.mark.in_turn(2)
@pytest.mark.parametrize("who", ["spawner", "agent"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_engine_ends_in_the_middle_of_a_move(trio: SimpleNamespace, who: str, number: int) -> None:
    """One of those who do it is stopped meanwhile: the move is asked for, or the engine has asked in vain."""
    world, first = trio.world, trio.of[0]
    assert sharing(trio) == BY_FIRST
    innocent = world.out(first, REST).strip()
    for verb, shared in (("revoke", BY_SECOND), ("authorize", BY_FIRST)):
        holder = world.out(first, HOLD).strip()
        with stopped(processes(world)[who]):
            change(trio, verb)
            time.sleep(0.2)
            end_engine(world, number)
        world.settle()
        assert sharing(trio) == shared
        assert not lives(trio, first, holder)
        assert lives(trio, first, innocent)


def test_a_rule_is_back_before_the_move_that_it_caused(trio: SimpleNamespace) -> None:
    """The old engine has asked for the one, the new one for the other: what counts is what may be now."""
    world = trio.world
    with stopped(processes(world)["spawner"]):
        change(trio, "revoke")
        time.sleep(0.2)
        end_engine(world, signal.SIGKILL)
        change(trio, "authorize")
        time.sleep(0.2)
    world.settle()
    assert sharing(trio) == BY_FIRST


def test_the_engine_is_killed_at_any_moment(trio: SimpleNamespace) -> None:
    """Of some milliseconds after the answer, in which the change is on its way."""
    moves: Any = itertools.cycle([("revoke", BY_SECOND), ("authorize", BY_FIRST)])
    for milliseconds in (0, 4, 12):
        verb, shared = next(moves)
        holder = trio.world.out(trio.of[0], HOLD).strip()
        change(trio, verb)
        time.sleep(milliseconds / 1000)
        end_engine(trio.world, signal.SIGKILL)
        trio.world.settle()
        assert sharing(trio) == shared
        assert not lives(trio, trio.of[0], holder)
