"""Texts of others made safe for a terminal: none moves the cursor, colours or hides anything."""

import codecs
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

KEPT = ("\n", "\t")


def printable(text: str) -> str:
    """A text in which control characters, and what turns or hides text, are seen as what they are."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in KEPT else _spelled(one) for one in text)


def line_of(text: str) -> str:
    """The same in one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _spelled(one: str) -> str:
    return one.encode("unicode_escape").decode()


def plain(value: Any) -> Any:
    """The same of every text in an answer, none of which says how it is to look."""
    from rich.markup import escape  # which most verbs have no use for

    if isinstance(value, str):
        return escape(printable(value))
    if isinstance(value, dict):
        return {plain(name): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


@contextmanager
def progress(doing: str) -> Iterator[Callable[[str], None]]:
    """A line on a terminal that says what takes so long, as often as there is something new; else nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(plain(doing)) as status:
        yield lambda text: status.update(plain(text))


class Output:
    """Bytes on stdout: as they are, or printable where somebody reads them on a terminal."""

    def __init__(self, *, raw: bool) -> None:
        self._raw = raw or not sys.stdout.isatty()
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def write(self, data: bytes) -> None:
        """Write some bytes; a character may come in two parts."""
        if not self._raw:
            data = printable(self._decoder.decode(data).replace("\r\n", "\n")).encode()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
