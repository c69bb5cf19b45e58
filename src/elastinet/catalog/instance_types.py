"""The instance types: what DescribeInstanceTypes told of 1,395 of them (facts sheet, section 15)."""

import csv
import re
from functools import cache, cached_property
from pathlib import Path

import msgspec

_STATED = re.compile(r"(?:Up to )?(?:(\d+)x )?([\d.]+) Gigabit")


class Card(msgspec.Struct, frozen=True, rename={"index": "i", "baseline": "base", "default_queues": "q_def"}):
    """One network card of a type; bandwidths are in Gbit/s."""

    index: int
    perf: str
    max_enis: int
    types: tuple[str, ...] = ()
    baseline: float | None = None
    peak: float | None = None
    default_queues: int | None = None

    @property
    def stated_gbps(self) -> float | None:
        """Gbit/s that its network performance names: 10.0 in "Up to 10 Gigabit", None in "Low"."""
        return _stated_gbps(self.perf)


class InstanceType(msgspec.Struct, frozen=True, dict=True):
    """One row of the table, read when it is first asked for."""

    name: str
    row: dict[str, str]

    @cached_property
    def vcpus(self) -> int:
        """Virtual CPUs."""
        return int(self.row["vcpus"])

    @cached_property
    def memory_mib(self) -> int:
        """Memory in MiB."""
        return int(self.row["memory_mib"])

    @cached_property
    def architectures(self) -> tuple[str, ...]:
        """The processor architectures that it runs."""
        return _list(self.row["architectures"])

    @cached_property
    def max_interfaces(self) -> int:
        """The most network interfaces."""
        return int(self.row["max_enis"])

    @cached_property
    def ipv4_per_interface(self) -> int:
        """The most private IPv4 addresses on one interface, the primary included."""
        return int(self.row["ipv4_per_eni"])

    @cached_property
    def ipv6_per_interface(self) -> int:
        """The most IPv6 addresses on one interface."""
        return int(self.row["ipv6_per_eni"])

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """Its network cards."""
        return msgspec.json.decode(self.row["per_card_json"], type=tuple[Card, ...])

    @cached_property
    def stated_gbps(self) -> float | None:
        """Gbit/s that its network performance names: 10.0 in "Up to 10 Gigabit", None in "Low"."""
        return _stated_gbps(self.row["network_performance"])

    @cached_property
    def nitro(self) -> bool:
        """True if the type is built on the Nitro system, as bare metal types are."""
        return self.row["nitro"] == "yes"

    @cached_property
    def zones_us_east_1(self) -> tuple[str, ...]:
        """The zones of us-east-1 that offer it."""
        return _list(self.row["zones_us_east_1"])

    def flag(self, column: str) -> bool:
        """A yes-or-no column."""
        return self.row[column] in ("True", "yes")

    def words(self, column: str) -> tuple[str, ...]:
        """A column with several values."""
        return _list(self.row[column])


def _stated_gbps(text: str) -> float | None:
    """The figure in a line of network performance such as "Up to 10 Gigabit", if it has one."""
    found = _STATED.fullmatch(text)
    return int(found[1] or 1) * float(found[2]) if found else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


@cache
def instance_types() -> dict[str, InstanceType]:
    """All instance types by name."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8") as lines:
        return {row["name"]: InstanceType(row["name"], row) for row in csv.DictReader(lines)}


@cache
def offered(region: str) -> dict[str, tuple[str, ...]]:
    """The types that a region offers, with the zones where it does.

    For us-east-1 this is recorded; elsewhere no record is at hand and all are offered everywhere.
    """
    from elastinet.catalog.regions import zones

    if region == "us-east-1":
        return {t.name: t.zones_us_east_1 for t in instance_types().values() if t.zones_us_east_1}
    names = tuple(z.name for z in zones(region))
    return dict.fromkeys(instance_types(), names)
