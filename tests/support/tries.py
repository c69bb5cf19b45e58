"""How many examples a law is tried with: fewer before a developer's eyes than in CI."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
SHARE = float(os.environ.get("ELASTINET_TRIES", "0.1"))
"""The share of a law's examples; `.ci/run` takes them all."""


def tries(examples: int) -> int:
    """That many examples, or the share of them that is asked for: 400 are 40 at a developer's desk."""
    return max(1, round(examples * SHARE))


def some(values: Sequence[T], turn: int) -> Sequence[T]:
    """The share of such values, other ones at each turn, so that a few turns take them all."""
    step = max(1, round(1 / SHARE))
    return values[turn % step :: step] or values[:1]
