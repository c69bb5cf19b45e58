"""How many examples a law is tried with: fewer before a developer's eyes than in CI."""

import os

SHARE = float(os.environ.get("ELASTINET_TRIES", "0.1"))
"""The share of a law's examples; `.ci/run` takes them all."""


def tries(examples: int) -> int:
    """That many examples, or the share of them that is asked for: 400 are 40 at a developer's desk."""
    return max(1, round(examples * SHARE))
