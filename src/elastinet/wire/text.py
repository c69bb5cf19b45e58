"""Values to the text of an XML element."""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

# Beside the markup: a carriage return, which a parser would turn into a line feed, and what XML 1.0
# cannot carry in any spelling.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_UNSPEAKABLE = "\N{REPLACEMENT CHARACTER}"


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], _UNSPEAKABLE)


_MARKED = bytes(code for code in range(128) if _SPECIAL.match(chr(code)))


def needs_escape(text: str) -> bool:
    """Whether a text is not its own XML."""
    if text.isascii():  # bytes are looked at several times as quickly as by an expression
        return len(text.encode().translate(None, _MARKED)) != len(text)
    return _SPECIAL.search(text) is not None


def string(value: str) -> str:
    """Escaped text; what XML 1.0 cannot carry becomes U+FFFD."""
    return _SPECIAL.sub(_escape, value)


def _boolean(value: bool) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise _not_a("boolean", value)


def _integer(value: int) -> str:
    if type(value) is not int:
        raise _not_a("whole number", value)
    return str(value)


def _float(value: float) -> str:
    if type(value) is not float and type(value) is not int:
        raise _not_a("number", value)
    return repr(value)


def _blob(value: bytes) -> str:
    return b64encode(value).decode()


@lru_cache(maxsize=256)  # what is launched together has one time
def _timestamp(value: datetime) -> str:
    if not isinstance(value, datetime):
        raise _not_a("time", value)
    if value.tzinfo is None:
        raise TypeError(f"{value} has no time zone")
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds") + "Z"


def _not_a(what: str, value: object) -> TypeError:
    return TypeError(f"a {what} is not written from {value!r}")


SCALARS: dict[str, Callable[[Any], str]] = {
    "string": string,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "blob": _blob,
    "timestamp": _timestamp,
}
"""By the shape's type, how a value is written; a value of another type raises TypeError."""
