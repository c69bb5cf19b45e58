"""The incrementally kept desired network equals one computed from nothing, after any history.

Held twice: for what the reconciler thinks that it desires, and for what a fabric has been told.
"""

import asyncio
from collections.abc import Iterable

import pytest
from choice import Choice
from hypothesis import HealthCheck, given, settings
from operations_strategy import Move, furnish, moves, new_engine, play

from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.messages import Desire, Gone
from elastinet.fabric.contract.objects import AnyObject
from elastinet.fabric.desired.desired import build, everything
from elastinet.model.instance import Instance
from elastinet.modelled import ModelledFabric
from elastinet.reconcile import Reconciler
from elastinet.store import MemoryJournal
from tries import tries

thorough = settings(
    max_examples=tries(250), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
TURN, SETTLE, GONE = "the loop turns once", "all settles", "a machine goes"
COME_BACK, RESET = "the fabric comes back", "a reset"


class Told(ModelledFabric):
    """A fabric that carries no packets and remembers what it was told to have."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: dict[Key, AnyObject] = {}

    def send(self, desire: Desire) -> None:
        if desire.whole:
            self.picture.clear()
        for key in desire.drop:
            del self.picture[key]  # what is dropped has been there
        for one in desire.put:
            assert self.picture.get(one.key) != one, "what is put is new, or other than it was"
            self.picture[one.key] = one
        super().send(desire)


class World:
    """An engine, its reconciler and a fabric, with an event loop that runs turn by turn."""

    def __init__(self) -> None:
        self.engine = new_engine(MemoryJournal())
        self.fabric = Told()
        self.reconciler = self.fabric.reconciler = Reconciler(self.engine, self.fabric)
        self.reconciler.hand_over()
        furnish(self.engine)

    async def make(self, one: Move) -> None:
        match one.name:
            case "the loop turns once":
                await asyncio.sleep(0)
            case "all settles":
                await self.settle()
                self.check()
            case "a machine goes":
                instance = self.engine.state.get(Instance, Choice(self.engine, one.seed).instance)
                if instance is not None:
                    self.reconciler.learn(Gone(instance.id, instance.boot, asked=False))
            case "the fabric comes back":
                self.reconciler.hand_over()
            case "a reset":
                self.engine.reset()
                furnish(self.engine)
            case _:
                play(self.engine, one)

    async def settle(self) -> None:
        """Wait as a client does; it must be told within a few turns of the loop, whatever the clock says."""
        waiting = asyncio.ensure_future(self.reconciler.settle(timeout=3600))
        for _ in range(20):
            await asyncio.sleep(0)
        assert waiting.done(), "nobody wakes who waits"
        assert await waiting

    def check(self) -> None:
        """Hold the law; what was touched must have been told by now."""
        expected = everything(self.engine.state, self.engine.settings)
        assert self.reconciler.have == expected
        assert self.fabric.picture == expected


async def live(history: list[Move]) -> None:
    world = World()
    for one in history:
        await world.make(one)
    await world.make(Move(SETTLE, 0, False))


@thorough
@given(moves(*[TURN] * 12, *[SETTLE] * 3, GONE, COME_BACK, RESET))
def test_recompute(history: list[Move]) -> None:
    asyncio.run(live(history))


@thorough
@given(moves(GONE))
def test_every_change_alone_touches_enough(history: list[Move]) -> None:
    """As above, but settled after every move, so that no change is covered by another one's touch."""
    settled = Move(SETTLE, 0, False)
    asyncio.run(live([step for one in history for step in (one, settled)]))


@pytest.mark.parametrize("times", [1, 2])
def test_building_again_gives_equal_objects(times: int) -> None:
    engine = new_engine(MemoryJournal())
    furnish(engine)
    first = everything(engine.state, engine.settings)
    assert len(kinds(first.values())) == 9, "the furniture shows every kind of object"
    for _ in range(times):
        assert {key: build(engine.state, key, engine.settings) for key in first} == first


def kinds(objects: Iterable[AnyObject]) -> set[str]:
    return {one.key.kind for one in objects}
