"""An agent that does not come back: its instances are not said to run."""

import asyncio
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastinet.engine import Engine
from elastinet.modelled import ModelledFabric
from elastinet.reconcile import Reconciler
from elastinet.store import MemoryJournal
from served import Served

OWNER, REGION = "111111111111", "us-east-1"
LOST = "Server.InternalError"
PATIENCE = 30.0


class World:
    """An engine whose fabric may be away for a twentieth of a second."""

    def __init__(self) -> None:
        self.engine = Engine(MemoryJournal())
        self.fabric = ModelledFabric()
        self.reconciler = self.fabric.reconciler = Reconciler(self.engine, self.fabric, away_seconds=0.05)
        self.reconciler.hand_over()

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        return self.engine.call(OWNER, REGION, action, params) or {}

    def launch(self, **more: Any) -> str:
        image = self.call("DescribeImages")["Images"][0]["ImageId"]
        given = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 1, "MaxCount": 1}
        return str(self.call("RunInstances", **(given | more))["Instances"][0]["InstanceId"])

    def shown(self, id: str) -> dict[str, Any]:
        (reservation,) = self.call("DescribeInstances", InstanceIds=[id])["Reservations"]
        return dict(reservation["Instances"][0])

    async def until(self, id: str, state: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while self.shown(id)["State"]["Name"] != state:
            assert time.monotonic() < end, f"{id} is {self.shown(id)['State']}, not {state}"
            await asyncio.sleep(0.01)
        return self.shown(id)


def in_world(work: Callable[[World], Any]) -> None:
    async def go() -> None:
        await work(World())

    asyncio.run(go())


@pytest.mark.parametrize("behaviour", ["stop", "terminate"])
def test_its_instances_are_stopped_whatever_they_do_by_themselves(behaviour: str) -> None:
    async def work(world: World) -> None:
        id = world.launch(InstanceInitiatedShutdownBehavior=behaviour)
        await world.until(id, "running")
        world.reconciler.away()
        assert not world.reconciler.settled
        shown = await world.until(id, "stopped")
        assert shown["StateReason"]["Code"] == LOST
        world.reconciler.hand_over()
        world.call("StartInstances", InstanceIds=[id])
        await world.until(id, "running")

    in_world(work)


def test_one_that_comes_and_goes_without_getting_anywhere_is_away() -> None:
    async def work(world: World) -> None:
        id = world.launch()
        await world.until(id, "running")
        world.fabric.send = lambda _message: None  # type: ignore[method-assign]
        for _ in range(8):
            world.reconciler.away()
            await asyncio.sleep(0.01)
            world.reconciler.hand_over()
        world.reconciler.away()
        await world.until(id, "stopped")

    in_world(work)


def test_one_that_comes_back_soon_is_not_missed() -> None:
    async def work(world: World) -> None:
        id = world.launch()
        await world.until(id, "running")
        world.reconciler.away()
        world.reconciler.hand_over()
        await asyncio.sleep(0.2)
        assert world.shown(id)["State"]["Name"] == "running"
        assert world.reconciler.settled

    in_world(work)


@pytest.mark.parametrize(
    ("action", "state"), [("StopInstances", "stopped"), ("TerminateInstances", "terminated")]
)
def test_what_was_to_end_has_ended(action: str, state: str) -> None:
    async def work(world: World) -> None:
        id = world.launch()
        await world.until(id, "running")
        world.fabric.send = lambda _message: None  # type: ignore[method-assign]
        world.call(action, InstanceIds=[id])
        world.reconciler.away()
        await world.until(id, state)

    in_world(work)


class Agentless(Served):
    """A server that is to have packets, and no agent that would carry them: it is never healthy."""

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.status = self.ask()
                return
            except OSError:
                assert time.monotonic() < end, "the server does not answer"
                time.sleep(0.05)

    def ask(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/_elastinet/status", timeout=5) as reply:
            return dict(json.load(reply))


def test_status_says_that_it_is_away(tmp_path: Path) -> None:
    served = Agentless(tmp_path, fabric="kernel")
    served.stop()
    assert "away" in served.status["failed"]["agent"]
    assert not served.status["settled"]
