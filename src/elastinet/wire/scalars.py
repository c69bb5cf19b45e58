"""The text of one parameter to a value of its shape."""

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from elastinet.digits import decimal, whole
from elastinet.wire.refusal import invalid
from elastinet.wire.shapes import Shape

Scalar = Callable[[str, str], Any]
"""Takes the text and the parameter's name; raises Fault InvalidParameterValue."""

# Which instance types exist is EC2's rule, by catalogue and region, not the model's; and of interface types
# the model leaves out "interface", which its own words name.
_JUDGED_ELSEWHERE = {
    "InstanceType",
    "AccountAttributeName",
    "NetworkInterfaceCreationType",
    "Protocol",
    "VolumeType",
}
_MOST_VALUES_NAMED = 16
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[-+][0-9]{2}:?[0-9]{2})?)?"
)


def _string(text: str, path: str) -> str:
    return text


def _boolean(text: str, path: str) -> bool:
    lower = text.lower()
    if lower not in ("true", "false"):
        raise invalid(text, path, "Expecting true or false.")
    return lower == "true"


def _blob(text: str, path: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise invalid(text, path, "Expecting base64.") from error


def _timestamp(text: str, path: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise invalid(text, path, "Expecting a time such as 2026-11-23T10:00:00.000Z.") from error


def _number(shape: Shape) -> Scalar:
    lowest, highest = shape.min, shape.max
    parse = _integer if shape.type_name in _BITS else _float
    bits = _BITS.get(shape.type_name, 0)

    def read(text: str, path: str) -> int | float:
        value = parse(text, path, bits)
        # EC2's sentences, odd as they are: the bounds themselves are allowed.
        if lowest is not None and value < lowest:
            raise invalid(f" {text} ", path, f"Expecting a value greater than {lowest}.")
        if highest is not None and value > highest:
            raise invalid(f" {text} ", path, f"Expecting a value less than {highest}.")
        return value

    return read


def _integer(text: str, path: str, bits: int) -> int:
    if (number := whole(text, -(1 << bits - 1), (1 << bits - 1) - 1)) is not None:
        return number
    raise invalid(text, path, f"Expecting an integer of {bits} bits.")


def _float(text: str, path: str, bits: int) -> float:
    if (number := decimal(text)) is not None:
        return number
    raise invalid(text, path, "Expecting a number.")


def _enumeration(values: list[str]) -> Scalar:
    allowed = frozenset(values)
    listed = ", ".join(values[:_MOST_VALUES_NAMED]) + (", ..." if len(values) > _MOST_VALUES_NAMED else "")

    def read(text: str, path: str) -> str:
        if text not in allowed:
            raise invalid(text, path, f"Valid values are: {listed}.")
        return text

    return read


def _text(shape: Shape) -> Scalar:
    return _enumeration(shape.enum) if shape.enum and shape.name not in _JUDGED_ELSEWHERE else _string


_BITS = {"integer": 32, "long": 64}
_BY_TYPE: dict[str, Callable[[Shape], Scalar]] = {
    "string": _text,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": lambda shape: _boolean,
    "blob": lambda shape: _blob,
    "timestamp": lambda shape: _timestamp,
}


def scalar(shape: Shape) -> Scalar:
    """The reader of a scalar shape; KeyError if the model has a type that these protocols do not."""
    return _BY_TYPE[shape.type_name](shape)
