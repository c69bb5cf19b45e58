"""Values to the text of an XML element."""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

# Beside the markup: a carriage return, which a parser would turn into a line feed, and what XML 1.0
# cannot carry in any spelling.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_UNSPEAKABLE = "\N{REPLACEMENT CHARACTER}"


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0], _UNSPEAKABLE)


def string(value: str) -> bytes:
    """Escaped UTF-8; what XML 1.0 cannot carry becomes U+FFFD."""
    if _SPECIAL.search(value):
        value = _SPECIAL.sub(_escape, value)
    return value.encode()


def _boolean(value: bool) -> bytes:
    return b"true" if value else b"false"


def _integer(value: int) -> bytes:
    return b"%d" % value


def _float(value: float) -> bytes:
    return repr(value).encode()


def _blob(value: bytes) -> bytes:
    return b64encode(value)


def _timestamp(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise TypeError(f"{value} has no time zone")
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="milliseconds").encode() + b"Z"


SCALARS: dict[str, tuple[tuple[type, ...], Callable[[Any], bytes]]] = {
    "string": ((str,), string),
    "integer": ((int,), _integer),
    "long": ((int,), _integer),
    "float": ((float, int), _float),
    "double": ((float, int), _float),
    "boolean": ((bool,), _boolean),
    "blob": ((bytes,), _blob),
    "timestamp": ((datetime,), _timestamp),
}
"""By the shape's type: the Python types that it takes, and how it is written."""
