"""Capacity of a host of an instance family, and an instance's share of it: vCPUs and memory.

AWS publishes neither. A host has the vCPUs and the memory of its family's largest type, as often as that
goes into 96 vCPUs or once; bare metal takes a whole host.
"""

from collections import defaultdict
from functools import cache
from typing import NamedTuple

from elastinet.catalog.instance_types import InstanceType, instance_types

LEAST_VCPUS = 96


class HostRoom(NamedTuple):
    """Room on a host: virtual CPUs, and memory in MiB."""

    vcpus: int
    memory_mib: int

    def holds(self, need: "HostRoom") -> int:
        """The number of instances with this need that fit into the room."""
        return min(self.vcpus // need.vcpus, self.memory_mib // need.memory_mib)

    def less(self, need: "HostRoom", times: int = 1) -> "HostRoom":
        """The room left after `times` instances with this need; with a negative number they leave it."""
        return HostRoom(self.vcpus - times * need.vcpus, self.memory_mib - times * need.memory_mib)


def family(type_name: str) -> str:
    """The family of an instance type."""
    return type_name.partition(".")[0]


@cache
def _families() -> dict[str, list[InstanceType]]:
    found: dict[str, list[InstanceType]] = defaultdict(list)
    for kind in instance_types().values():
        found[family(kind.name)].append(kind)
    return found


def is_family(name: str) -> bool:
    """True if there is an instance type of this family."""
    return name in _families()


@cache
def host_room(name: str) -> HostRoom:
    """The room of an empty host of a family."""
    types = _families()[name]
    vcpus, memory = max(t.vcpus for t in types), max(t.memory_mib for t in types)
    times = max(1, LEAST_VCPUS // vcpus)
    return HostRoom(vcpus * times, memory * times)


@cache
def need(type_name: str) -> HostRoom:
    """The room that an instance of a type takes on its host."""
    kind = instance_types()[type_name]
    return host_room(family(type_name)) if kind.flag("bare_metal") else HostRoom(kind.vcpus, kind.memory_mib)


@cache
def cards(name: str) -> int:
    """The most network cards that a type of a family has."""
    return max(len(kind.cards) for kind in _families()[name])


@cache
def per_host(type_name: str) -> int:
    """The number of instances of a type that fit on an empty host."""
    return host_room(family(type_name)).holds(need(type_name))
