"""A region's routers in namespaces of a fake kernel: what the agent does with objects, without its threads."""

import itertools
from collections.abc import Iterator

from elastinet.fabric.compile.items import Item, Items, Link
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract.objects import AnyObject, Guest
from elastinet.fabric.router.router import Failures, Router
from fake_kernel import FakeDoors, FakeKernel, FakeSpace


def nobody() -> int:
    raise AssertionError("no link is mediated")


class UnrealRegion:
    """A plan, and a router for each network of it; each has a descriptor, and so has each guest."""

    def __init__(self, *put: AnyObject) -> None:
        self.kernel, self.plan = FakeKernel(), Plan()
        self.plan.view.shapes = False
        self.numbers: dict[str, int] = {}
        self._descriptors = itertools.count(1)
        self.routers: dict[str, Router] = {}
        self.failures = self.change(*put)

    def _number(self, id: str) -> int:
        if id not in self.numbers:
            self.numbers[id] = next(self._descriptors)
            self.kernel.space(self.numbers[id])
        return self.numbers[id]

    def space(self, id: str) -> FakeSpace:
        """The namespace of a network or a guest."""
        return self.kernel.space(self._number(id))

    def open(self, id: str) -> Router:
        """Open a network's router, in a namespace of its own."""
        router = Router(self.numbers, nobody, FakeDoors(self.kernel, self._number(id)))
        self.routers[id] = router
        self.plan.set_up(id, 1)
        self.plan.stir(id)
        return router

    def close(self, id: str) -> None:
        """Close a network's router, whose namespace ends with it."""
        self.routers.pop(id).abandon()
        self.plan.set_up(id, None)
        self.kernel.spaces.pop(self.numbers.pop(id))

    def change(self, *put: AnyObject, drop: tuple[AnyObject, ...] = ()) -> Failures:
        """Take objects in and out; guests are up at once, with their boots. Gives what could not be done."""
        self.plan.update(put, [item.key for item in drop])
        for item in (*put, *drop):
            if isinstance(item, Guest):
                self._number(item.id)
                self.plan.set_up(item.id, None if item in drop else item.boot)
        for id in self.routers.keys() - self.plan.networks.keys():
            self.close(id)
        for id in self.plan.networks.keys() - self.routers.keys():
            self.open(id)
        return self.converge()

    def converge(self) -> Failures:
        """Have each router do what is left to be done."""
        found: Failures = {}
        for id, router in self.routers.items():
            delta, owners = self.plan.delta(id), self.plan.owners[id]
            router.want(delta, {identity: owners[identity] for identity, item in delta.items() if item})
            found |= router.converge()
        return found

    def look(self) -> Failures:
        """Have each router look at its namespace, and put right what is not as it should be."""
        for router in self.routers.values():
            router.observe()
        return self.converge()

    def steps(self) -> int:
        """The steps that all routers have done so far."""
        return sum(router.steps for router in self.routers.values())

    def seen(self, id: str) -> Items:
        """What a router finds in its namespace, that starts from what it has applied."""
        router = self.routers[id]
        router.observe()
        return dict(router.record.items)

    def is_as_wanted(self) -> bool:
        """True if each namespace has exactly what the plan asks for."""
        return all(self.seen(id) == self.plan.items[id] for id in self.routers)

    def links(self, id: str) -> list[Link]:
        """The links that are wanted in a namespace, but for those that every router has."""
        return [item for item in self.plan.items[id].values() if isinstance(item, Link) and item.holder != id]

    def items(self, id: str, kind: type[Item]) -> Iterator[Item]:
        """What is wanted of one kind in a namespace."""
        return (item for item in self.plan.items[id].values() if isinstance(item, kind))
