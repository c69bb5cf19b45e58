"""Numbers as text that somebody else wrote.

Python alone would take digits of every script, blanks, underscores, infinity and no number, and fails on
thousands of digits with an error of its own.
"""

import math
import re

_WHOLE = re.compile(r"-?[0-9]{1,20}")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,3})?")


def whole(text: str, least: int, most: int) -> int | None:
    """The whole number that a text is, if it is one from `least` to `most`."""
    if not _WHOLE.fullmatch(text):
        return None
    return number if least <= (number := int(text)) <= most else None


def decimal(text: str, least: float = -math.inf, most: float = math.inf) -> float | None:
    """The finite number that a text is, if it is one from `least` to `most`."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) and least <= number <= most else None
