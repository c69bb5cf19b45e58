"""The interfaces of an instance that a program gets, in the order of its ports."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

PRIMARY = 0


class Port(NamedTuple):
    """An interface by its id, and what the instance calls it."""

    interface: str
    device: str


def chosen(told: dict[str, Any], wanted: Sequence[str]) -> list[Port]:
    """The interfaces that are wanted, by device or id; else all but the primary one. Raises ValueError.

    `told` is what the server says of the instance's network devices.
    """
    if wanted:
        return list(dict.fromkeys(_named(told, name) for name in wanted))
    found = [Port(one["interface"], one["device"]) for one in _ethernet(told) if not _is_primary(one)]
    if not found:
        raise ValueError(
            f"{told['instance']} has no interface but its primary one: attach another, or say --interface "
            "eth0, which takes the instance's own network until the program ends"
        )
    return found


def _named(told: dict[str, Any], name: str) -> Port:
    for one in told["interfaces"]:
        if name == one["interface"] and one["device"] is None:
            raise ValueError(f"{name} is EFA-only: it has no Ethernet device")
        if name in (one["interface"], one["device"]):
            return Port(one["interface"], one["device"])
    there = ", ".join(one["device"] for one in _ethernet(told))
    raise ValueError(f"{told['instance']} has no interface {name}: it has {there}")


def _ethernet(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (one for one in told["interfaces"] if one["device"] is not None)


def _is_primary(one: dict[str, Any]) -> bool:
    return (one["network_card"], one["device_index"]) == (PRIMARY, PRIMARY)
