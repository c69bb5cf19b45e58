"""An instance's buckets of network I/O credits: what is left of them, and when to look again.

Full at launch and start, spent above the baseline and earned below it (facts sheet, section 8.3). An empty
bucket leaves the baseline; a fraction of a second's burst must have been earned before there is more.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from elastinet.fabric.contract.objects import BandwidthLimits

DIRECTIONS = ("out", "in")
REGAINED_SECONDS = 0.05
QUEUED_SECONDS = 1.0
"""So much of the baseline may wait in a queue, and is passed later; what is above was dropped."""
LOOKS = 8
"""So many looks at a bucket that is being emptied as fast as can be, each sooner than the last."""
SOONEST_SECONDS, LATEST_SECONDS, LATEST_SPENT_SECONDS = 0.01, 5.0, 0.5


@dataclass
class Account:
    """The two buckets of an instance since a launch or start, in bits, as they were at `at`."""

    item: BandwidthLimits
    at: float
    levels: dict[str, float] = field(default_factory=dict)
    spent: set[str] = field(default_factory=set)
    due: float = 0.0
    _seen: dict[int, tuple[float, tuple[int, int]]] = field(default_factory=dict)
    _waiting: dict[str, float] = field(default_factory=dict)
    _known: bool = False

    def __post_init__(self) -> None:
        """Begin with full buckets."""
        self.levels = dict.fromkeys(DIRECTIONS, float(self.item.allowance.credits))

    def news(self, index: int, seconds: float, now: tuple[int, int]) -> Iterator[tuple[str, int]]:
        """Bytes that a link has carried since the last look, by direction; none from before the first look.

        A look that began earlier may end later, and then gives nothing.
        """
        last, before = self._seen.get(index, (-math.inf, (0, 0) if self._known else now))
        if seconds < last:
            return
        self._seen[index] = (seconds, now)
        for direction, new, old in zip(DIRECTIONS, now, before, strict=True):
            yield direction, new - old if new >= old else new  # a link made anew begins with nothing

    def pass_on(self, seconds: float, used: dict[str, int]) -> bool:
        """Take in what passed until a moment, in bits by direction; tell whether a limit has changed."""
        allowance, before, self._known = self.item.allowance, set(self.spent), True
        past, self.at = max(0.0, seconds - self.at), max(seconds, self.at)
        for direction in DIRECTIONS:
            most = allowance.baseline if direction in self.spent else allowance.peak
            passed = self._passed(direction, used[direction], most * past)
            level = self.levels[direction] + allowance.baseline * past - passed
            self.levels[direction] = level = min(max(level, 0.0), float(allowance.credits))
            if level <= 0:
                self.spent.add(direction)
            elif level >= self._enough:
                self.spent.discard(direction)
        self.due = self.at + min(self._pause(direction) for direction in DIRECTIONS)
        return self.spent != before

    def _passed(self, direction: str, used: int, most: float) -> float:
        """Bits that the limit let through, at most `most`, of those sent and those that had waited before."""
        asked = used + self._waiting.get(direction, 0.0)
        passed = min(asked, most)
        self._waiting[direction] = min(asked - passed, self.item.allowance.baseline * QUEUED_SECONDS)
        return passed

    @property
    def _enough(self) -> float:
        """The level of a bucket, in bits, that ends the baseline; never more than half a full bucket."""
        allowance = self.item.allowance
        return min((allowance.peak - allowance.baseline) * REGAINED_SECONDS, allowance.credits / 2)

    def _pause(self, direction: str) -> float:
        """Seconds until the next look: the time in which no limit can change, or a part of it."""
        allowance, level = self.item.allowance, self.levels[direction]
        if direction in self.spent:
            return min(
                max((self._enough - level) / allowance.baseline, SOONEST_SECONDS), LATEST_SPENT_SECONDS
            )
        left = level / (allowance.peak - allowance.baseline)
        return min(max(left / LOOKS, SOONEST_SECONDS), LATEST_SECONDS)
