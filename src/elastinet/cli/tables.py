"""Words in columns and in colour, for verbs that are to answer at once: rich takes longer than they do."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest

COLOURS = {"bold": 1, "red": 31, "green": 32, "yellow": 33, "cyan": 36}
GAP = "  "
LEAST_WIDTH = 20


def painted(text: str, colour: str) -> str:
    """A text in a colour, on a terminal that has some; as it is in a pipe or a file."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def table(rows: Sequence[Sequence[str]], *, wrap: bool = True) -> Iterator[tuple[str, ...]]:
    """The cells of each line of a table, padded; on a terminal long ones go on in further lines."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if wrap and sys.stdout.isatty():
        widths = _narrowed(widths, shutil.get_terminal_size().columns)
    for row in rows:
        parts = [
            textwrap.wrap(cell, width) if len(cell) > width else [cell]
            for cell, width in zip(row, widths, strict=True)
        ]
        for line in zip_longest(*parts, fillvalue=""):
            yield tuple(map(str.ljust, line, widths))


def _narrowed(widths: list[int], columns: int) -> list[int]:
    """Widths that fit into a terminal: the last two columns share what the others leave."""
    *first, one, last = widths
    room = columns - sum(first) - len(GAP) * (len(widths) - 1)
    one = min(one, max(LEAST_WIDTH, room // 2))
    return [*first, one, min(last, max(LEAST_WIDTH, room - one))]
