"""What a launch brings back: one commit for the facts of all its instances, and nothing anew to ask for."""

import asyncio

from elastinet.engine import Engine
from elastinet.fabric.contract.messages import Desire, Measure
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.modelled import ModelledFabric
from elastinet.reconcile import Reconciler
from elastinet.store import MemoryJournal

OWNER, REGION, MANY = "111111111111", "us-east-1", 20


class Asked(ModelledFabric):
    """A fabric that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Desire] = []

    def send(self, message: Desire | Measure) -> None:
        assert isinstance(message, Desire)
        self.asked.append(message)
        super().send(message)


def test_a_launch_is_two_commits_and_one_desire() -> None:
    async def work() -> None:
        journal = MemoryJournal()
        engine, fabric = Engine(journal), Asked()
        reconciler = fabric.reconciler = Reconciler(engine, fabric)
        reconciler.hand_over()
        image = (engine.call(OWNER, REGION, "DescribeImages", {}) or {})["Images"][0]["ImageId"]
        assert await reconciler.settle(30)
        lines, asked = len(list(journal.lines())), len(fabric.asked)
        launch = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": MANY, "MaxCount": MANY}
        engine.call(OWNER, REGION, "RunInstances", launch)
        assert await reconciler.settle(30)
        assert {i.state for i in engine.state.all(Instance)} == {"running"}
        attachments = [i.attachment for i in engine.state.all(NetworkInterface)]
        assert [a.status for a in attachments if a] == ["attached"] * MANY
        assert len(list(journal.lines())) - lines == 2
        assert len(fabric.asked) - asked == 1

    asyncio.run(work())


def test_facts_of_several_accounts_each_reach_theirs() -> None:
    async def work() -> None:
        engine, fabric = Engine(MemoryJournal()), Asked()
        reconciler = fabric.reconciler = Reconciler(engine, fabric)
        reconciler.hand_over()
        for owner in (OWNER, "222222222222"):
            image = (engine.call(owner, REGION, "DescribeImages", {}) or {})["Images"][0]["ImageId"]
            launch = {"ImageId": image, "InstanceType": "t3.nano", "MinCount": 2, "MaxCount": 2}
            engine.call(owner, REGION, "RunInstances", launch)
        assert await reconciler.settle(30)
        states = [(i.owner, i.state) for i in engine.state.all(Instance)]
        assert sorted(states) == [(OWNER, "running")] * 2 + [("222222222222", "running")] * 2

    asyncio.run(work())
