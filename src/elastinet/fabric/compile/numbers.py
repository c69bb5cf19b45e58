"""Numbers by which the kernel knows links, route tables and subnets, given back with their owners."""

import heapq
from collections.abc import Set
from dataclasses import dataclass, field

from elastinet.fabric.contract import names

LAST_INDEX = (1 << 31) - 1


class NoNumber(Exception):
    """All numbers of a kind are taken; the message says of which."""


class NumberPool:
    """The numbers of one kind from `first` to `last`: the lowest free one is given next."""

    def __init__(self, first: int, last: int, kind: str) -> None:
        self._first, self._last, self._kind = first, last, kind
        self._given: dict[str, int] = {}
        self._free: list[int] = []

    def number(self, id: str) -> int:
        """The number of an id; raises NoNumber."""
        if id not in self._given:
            self._given[id] = self._take()
        return self._given[id]

    def _take(self) -> int:
        if self._free:
            return heapq.heappop(self._free)
        number = self._first + len(self._given)  # none is free, so all below are given
        if number > self._last:
            raise NoNumber(f"this machine has no more than {len(self._given)} {self._kind}")
        return number

    def release(self, id: str) -> None:
        """Take back the number of an id that is no more."""
        if (number := self._given.pop(id, None)) is not None:
            heapq.heappush(self._free, number)

    def keep(self, ids: Set[str]) -> None:
        """Take back the numbers of all other ids."""
        for id in self._given.keys() - ids:
            self.release(id)


def _links() -> NumberPool:
    return NumberPool(names.FIRST_INDEX, LAST_INDEX, "links")


def _tables() -> NumberPool:
    return NumberPool(names.FIRST_TABLE, names.TABLE_MASK, "route tables at a time")


def _gateways() -> NumberPool:
    return NumberPool(1, names.LAST_CLASS, "instances with a limit at their internet gateway at a time")


@dataclass
class Numbers:
    """All pools. A route table's number is the lower half of a packet's mark, a subnet's the upper half."""

    links: NumberPool = field(default_factory=_links)
    tables: NumberPool = field(default_factory=_tables)
    gateways: NumberPool = field(default_factory=_gateways)
    subnets: dict[str, NumberPool] = field(default_factory=dict)

    def link(self, id: str) -> int:
        """The index of an interface's host end."""
        return self.links.number(id)

    def table(self, id: str) -> int:
        """The number of a route table."""
        return self.tables.number(id)

    def gateway(self, instance: str) -> int:
        """The class of an instance at its internet gateway."""
        return self.gateways.number(instance)

    def subnet(self, network: str, cidr: str) -> int:
        """The number of a subnet in its network."""
        return self.of_subnets(network).number(cidr)

    def of_subnets(self, network: str) -> NumberPool:
        """The numbers of a network's subnets."""
        return self.subnets.setdefault(network, NumberPool(1, names.LAST_SUBNET, f"subnets in {network}"))
