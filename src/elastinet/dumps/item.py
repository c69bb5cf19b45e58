"""One item of a dump: its members by name and type. Whatever has another type than it should is refused."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from elastinet.dumps.finding import shown
from elastinet.model.fault import Fault
from elastinet.model.ids import well_formed
from elastinet.model.noun import Tags
from elastinet.rules import filtering

LONGEST_TEXT, LONGEST_ID, MOST_ITEMS = 65_536, 80, 100_000
FOREIGN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9:/._*-]{0,254}")
LAST_TIME = 4e10
"""Seconds since 1970: what is later is no time of an account."""


class Odd(Exception):
    """A member that is not what it should be."""


class Item:
    """A JSON object; null stands for a member that is not there."""

    __slots__ = ("members",)

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = members

    def has(self, name: str) -> bool:
        """True if there is something under a name."""
        return self.members.get(name) is not None

    def plain(self, name: str) -> str:
        """A text, if it is one; "" for all else."""
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def _typed(self, name: str, kinds: type | tuple[type, ...], default: Any) -> Any:
        value = self.members.get(name)
        if value is None:
            return default
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise Odd(f"{name} is {shown(repr(value))}")
        return value

    def text(self, name: str, default: str = "") -> str:
        """A text."""
        found: str = self._typed(name, str, default)
        if len(found) > LONGEST_TEXT:
            raise Odd(f"{name} has {len(found)} characters")
        return found

    def word(self, name: str, words: Iterable[str], default: str = "") -> str:
        """One of some words."""
        found = self.text(name, default)
        if found not in words:
            raise Odd(f"{name} is {shown(repr(found))}")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """True or false."""
        return bool(self._typed(name, bool, default))

    def number(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number from `least` to `most`."""
        found: int = self._typed(name, int, default)
        if found is not default and not least <= found <= most:
            raise Odd(f"{name} is {found}")
        return found

    def time(self, name: str, default: float = 0.0) -> float:
        """A time in seconds since 1970, from seconds or from a date as the AWS CLI and boto3 write them."""
        value = self._typed(name, (str, int, float), default)
        if isinstance(value, str):
            value = _seconds(name, value)
        if not math.isfinite(value) or not 0 <= value < LAST_TIME:
            raise Odd(f"{name} is {value}")
        return float(value)

    def id(self, name: str, prefix: str, default: str | None = None) -> str:
        """An id with a prefix; it must be there, unless there is a default."""
        found = self.text(name) or default
        if found is None:
            raise Odd(f"{name} is not there")
        if found and not (well_formed(found, prefix) and len(found) <= LONGEST_ID):
            raise Odd(f"{name} is {shown(repr(found))}, which is no id of {prefix}-…")
        return found

    def foreign_id(self, name: str) -> str:
        """The id, the ARN or the name of something that may have no noun; "" for none."""
        found = self.text(name)
        if found and not FOREIGN_ID.fullmatch(found):
            raise Odd(f"{name} is {shown(repr(found))}")
        return found

    def block(self, name: str, version: int) -> str:
        """A block of addresses in its canonical spelling, "" for none."""
        text = self.text(name)
        try:
            return filtering.cidr(text, version) if text else ""
        except Fault as fault:
            raise Odd(f"{name}: {shown(fault.message)}") from None

    def address(self, name: str, version: int = 4) -> str:
        """An address, "" for none."""
        text = self.text(name)
        if not text:
            return ""
        try:
            found = ip_address(text)
        except ValueError:
            raise Odd(f"{name} is {shown(repr(text))}, which is no address") from None
        if found.version != version or "%" in text:
            raise Odd(f"{name} is {shown(repr(text))}, which is no address of IPv{version}")
        return str(found)

    def items(self, name: str) -> list["Item"]:
        """A list of objects."""
        found = self._typed(name, (list, tuple), ())
        if len(found) > MOST_ITEMS or not all(isinstance(one, Mapping) for one in found):
            raise Odd(f"{name} is no list of objects")
        return [Item(one) for one in found]

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found = self._typed(name, (list, tuple), ())
        if len(found) > MOST_ITEMS or not all(isinstance(one, str) for one in found):
            raise Odd(f"{name} is no list of texts")
        return list(found)

    def part(self, name: str) -> "Item":
        """An object inside; empty where there is none."""
        return Item(self._typed(name, Mapping, {}))

    def tags(self, name: str = "Tags") -> Tags:
        """Tags, by their keys."""
        return tuple({one.text("Key"): one.text("Value") for one in self.items(name)}.items())


def _seconds(name: str, text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
        seconds = found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise Odd(f"{name} is {shown(repr(text))}, which is no time") from None
    # The API shows whole milliseconds; a microsecond more is not cut to the millisecond before.
    return seconds + 1e-6
