"""Rates between two of a server's `traffic` pages, in bits a second as EC2 would have them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from elastinet.rules.allowances import Allowance
from elastinet.rules.credits import Bucket

Page = dict[str, Any]


class Rate(NamedTuple):
    """A direction of an instance between two readings.

    `share` is of what it may send or receive now; `seconds_to_empty` is None where credits do not end, and
    `binding` is the limit that made packets wait most often.
    """

    instance: str
    name: str
    type: str
    direction: str
    bps: float
    packets_per_second: float
    allowance_bps: int
    share: float
    credits: float | None
    seconds_to_empty: float | None
    binding: str | None


def rates(before: Page, after: Page) -> Iterator[Rate]:
    """The rates between two pages; 0 for an instance that is not in the first one."""
    known = {one["instance"]: one["directions"] for one in before["instances"]}
    for one in after["instances"]:
        for way in ("out", "in"):
            old = known.get(one["instance"], one["directions"])[way]
            yield _rate(one, way, old, Span(_seconds(before, after), after["bandwidth_scale"]))


def buckets(before: Page, after: Page) -> dict[str, dict[str, Bucket]]:
    """The credits at the second page, and the rate until then, by instance and direction."""
    found = {one["instance"]: one for one in after["instances"]}
    made: dict[str, dict[str, Bucket]] = {id: {} for id in found}
    for rate in rates(before, after):
        one = found[rate.instance]
        level = one["directions"][rate.direction]["level_bits"]
        made[rate.instance][rate.direction] = Bucket(_allowance(one), level, rate.bps)
    return made


class Span(NamedTuple):
    """The time between two pages, and what a bit on this machine is of EC2's."""

    seconds: float
    scale: float

    def per_second(self, old: dict[str, Any], new: dict[str, Any], name: str) -> float:
        """The rate of a counter; one that began anew counts from nothing."""
        grown = new[name] - old[name] if new[name] >= old[name] else new[name]
        return grown / self.seconds if self.seconds else 0.0


def _seconds(before: Page, after: Page) -> float:
    if before["seconds"] is None or after["seconds"] is None:
        return 0.0
    return float(after["seconds"] - before["seconds"])


def _allowance(one: dict[str, Any]) -> Allowance:
    return Allowance(one["baseline_bps"], one["peak_bps"], one["credit_bits"])


def _rate(one: dict[str, Any], way: str, old: dict[str, Any], span: Span) -> Rate:
    new, allowance = one["directions"][way], _allowance(one)
    bps = 8 * span.per_second(old, new, "bytes") / span.scale
    bucket = Bucket(allowance, new["level_bits"], bps)
    return Rate(
        instance=one["instance"],
        name=one["name"],
        type=one["type"],
        direction=way,
        bps=bps,
        packets_per_second=span.per_second(old, new, "packets"),
        allowance_bps=new["allowance_bps"],
        share=bps / new["allowance_bps"],
        credits=bucket.level_bits / allowance.credits if allowance.has_credits else None,
        seconds_to_empty=bucket.seconds_to_empty,
        binding=_binding(old["waited"], new["waited"]),
    )


def _binding(old: dict[str, int], new: dict[str, int]) -> str | None:
    grown = {limit: count - old.get(limit, 0) for limit, count in new.items()}
    most = max(grown, key=lambda limit: grown[limit], default=None)
    return most if most is not None and grown[most] > 0 else None
