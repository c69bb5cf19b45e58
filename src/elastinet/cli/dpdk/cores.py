"""The processors of this machine that a program's threads run on."""

import re
from collections.abc import Sequence

from elastinet.digits import whole

LEAST = 2
"""A main thread, and one that polls."""
_LIST = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*")


def chosen(asked: str | None, processors: Sequence[int]) -> str:
    """The value of `--lcores` for a number of processors, or for a list such as 0,2-3; raises ValueError.

    Where nothing is asked, a machine of one processor runs both threads on it.
    """
    if asked is None and len(processors) < LEAST:
        return ",".join(f"{number}@{processors[0]}" for number in range(LEAST))
    asked = str(LEAST) if asked is None else asked
    if not _LIST.fullmatch(asked):
        raise ValueError(f"--cores is a number of processors or a list such as 0,2-3, not {asked}")
    count = whole(asked, 0, 999_999_999)
    wanted = _first(count, processors) if count is not None else _listed(asked, processors)
    if not wanted or not set(wanted) <= set(processors):
        raise ValueError(f"--cores {asked}: the processors here are {', '.join(map(str, processors))}")
    return ",".join(map(str, wanted))


def _first(count: int, processors: Sequence[int]) -> Sequence[int]:
    """So many processors, none if there are not so many."""
    return processors[:count] if count <= len(processors) else ()


def _listed(text: str, processors: Sequence[int]) -> list[int]:
    """The numbers of a list in order, none if the ends of one of its ranges are not here in order."""
    parts = (part.partition("-") for part in text.split(","))
    ranges = [(int(low), int(high or low)) for low, _, high in parts]
    # Before a range is spelled out: a slip of the hand may have made it longer than any memory.
    if any(not {low, high} <= set(processors) or low > high for low, high in ranges):
        return []
    return sorted({number for low, high in ranges for number in range(low, high + 1)})
