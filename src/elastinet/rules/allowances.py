"""An allowance: how much may pass in one direction, with its unit, from the rules to the kernel and back."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

import msgspec

from elastinet.rules.frames import frame_bits


class AllowanceUnit(Enum):
    """What an allowance counts; EC2 has allowances of all three, and publishes few of the figures."""

    BITS = "bits a second"
    PACKETS = "packets a second"
    CONNECTIONS = "tracked connections"


RATE_NAMES = {
    AllowanceUnit.BITS: "bps",
    AllowanceUnit.PACKETS: "pps",
    AllowanceUnit.CONNECTIONS: "connections",
}
CREDIT_NAMES = {
    AllowanceUnit.BITS: "bits",
    AllowanceUnit.PACKETS: "packets",
    AllowanceUnit.CONNECTIONS: "connections",
}


class Allowance(msgspec.Struct, frozen=True):
    """How much may pass: the baseline at all times, the peak while credits last.

    Example: `Allowance(750_000_000, 10_000_000_000, 5_550_000_000_000)` has 600 seconds of the peak in a full
    bucket. All three are in the unit (`credits` in bits or packets).
    """

    baseline: int
    peak: int
    credits: int = 0
    unit: AllowanceUnit = AllowanceUnit.BITS

    @property
    def has_credits(self) -> bool:
        """True if there is a bucket of credits, which is full at launch and at start."""
        return self.credits > 0

    @property
    def burst_seconds(self) -> float:
        """Seconds that a full bucket lasts at the peak; 0 if there is none."""
        return self.credits / (self.peak - self.baseline) if self.has_credits else 0.0

    @property
    def refill_seconds(self) -> float:
        """Seconds in which an empty bucket fills when nothing is sent."""
        return self.credits / self.baseline

    def times(self, factor: float) -> "Allowance":
        """The allowance so many times as large."""
        baseline, peak, credits = (round(n * factor) for n in (self.baseline, self.peak, self.credits))
        return Allowance(baseline, peak, credits, self.unit)

    def per_bit(self, mtu: int) -> float:
        """How much of it a bit uses, where packets are as large as an MTU lets them be; raises ValueError."""
        if self.unit is AllowanceUnit.CONNECTIONS:
            raise ValueError("connections are no rate: an allowance of them says nothing of bits")
        return 1.0 if self.unit is AllowanceUnit.BITS else 1 / frame_bits(mtu)

    def as_json(self) -> dict[str, Any]:
        """It in JSON's kinds of values, each named after its unit: "baseline_bps", "credit_packets"."""
        rate = RATE_NAMES[self.unit]
        return {
            f"baseline_{rate}": self.baseline,
            f"peak_{rate}": self.peak,
            f"credit_{CREDIT_NAMES[self.unit]}": self.credits,
        }


def flat(amount: int, unit: AllowanceUnit = AllowanceUnit.BITS) -> Allowance:
    """An allowance without credits: the peak is the baseline."""
    return Allowance(amount, amount, unit=unit)


def together(parts: Iterable[Allowance]) -> Allowance:
    """The sum of some allowances of one unit."""
    first, *others = parts
    assert all(other.unit is first.unit for other in others)
    figures = [(one.baseline, one.peak, one.credits) for one in (first, *others)]
    baseline, peak, credits = map(sum, zip(*figures, strict=True))
    return Allowance(baseline, peak, credits, first.unit)
