"""A bucket of network I/O credits as it is now, and what becomes of it at the present rate (section 8.3)."""

from typing import NamedTuple

from elastinet.rules.allowances import Allowance


class Bucket(NamedTuple):
    """A direction of an instance: what it is given, the bits left in its bucket, the rate that is used."""

    allowance: Allowance
    level_bits: float
    bps: float = 0.0

    @property
    def seconds_to_empty(self) -> float | None:
        """Seconds until the bucket is empty at the present rate; None if it never will be."""
        spent = self.bps - self.allowance.baseline
        return self.level_bits / spent if spent > 0 and self.allowance.has_credits else None

    @property
    def seconds_to_full(self) -> float | None:
        """Seconds until the bucket is full at the present rate; None if it never will be."""
        earned = self.allowance.baseline - self.bps
        missing = self.allowance.credits - self.level_bits
        return missing / earned if earned > 0 else None
