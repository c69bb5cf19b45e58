"""Filters, for every noun alike: a filter names a place in the noun's view.

Facts sheet 13.3: at most 50 filters of 200 values, values OR, filters AND, case matters, `*` stands
for any characters, `?` for one, a backslash takes their meaning away.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from elastinet.ec2.core.request import Request
from elastinet.model.fault import Fault

Test = Callable[[str], bool]
Paths = Mapping[str, str]
"""A noun's filters: the name of each, and where in the view its values stand ("Groups.GroupId")."""

MOST_FILTERS, MOST_VALUES = 50, 200


class Filter:
    """One filter of a request: its name and the values that are welcome."""

    def __init__(self, name: str, values: list[str]) -> None:
        self.name = name
        self.values = values
        self._exact = {value for value in values if not _wild(value)}
        self._patterns = [_pattern(value) for value in values if _wild(value)]

    @property
    def exact(self) -> set[str] | None:
        """The values, if none has a wildcard: an index can then be asked."""
        return None if self._patterns else self._exact

    def welcomes(self, value: str) -> bool:
        """True if a value matches one of the filter's values."""
        return value in self._exact or any(pattern.fullmatch(value) for pattern in self._patterns)


def read(request: Request, paths: Paths | None, *, tagged: bool = True) -> list[Filter]:
    """The request's filters; refuses those that this noun does not have, tags included.

    Of a noun without `paths` nobody knows the filters, so all names will do.
    """
    given = request.get("Filters") or request.get("Filter") or ()  # as an action's model spells it
    if len(given) > MOST_FILTERS:
        raise Fault("FilterLimitExceeded", f"The maximum number of filters is {MOST_FILTERS}.")
    return [_read(item, paths, tagged) for item in given]


def _read(item: Request, paths: Paths | None, tagged: bool) -> Filter:
    name, values = item.get("Name"), item.ids("Values")
    if not name:
        raise Fault("MissingParameter", "The request must contain the parameter Filter.Name")
    if len(values) > MOST_VALUES:
        raise Fault("FilterLimitExceeded", f"The maximum number of filter values is {MOST_VALUES}.")
    if paths is not None and name not in paths and not (tagged and _about_tags(name)):
        raise Fault("InvalidParameterValue", f"The filter '{name}' is invalid")
    if not values:
        raise Fault("InvalidParameterValue", f"The filter '{name}' must have at least one value")
    return Filter(name, values)


def _about_tags(name: str) -> bool:
    return name.startswith("tag:") or name in ("tag-key", "tag-value")


def passes(view: Mapping[str, Any], filters: Iterable[Filter], paths: Paths) -> bool:
    """True if a noun, seen in its view, passes all filters."""
    return all(any(map(f.welcomes, _values(view, f.name, paths))) for f in filters)


def _values(view: Mapping[str, Any], name: str, paths: Paths) -> Iterator[str]:
    path = paths.get(name)
    if path is not None:
        yield from _walk(view, path.split("."))
    elif name == "tag-key":
        yield from (tag["Key"] for tag in view.get("Tags", ()))
    elif name == "tag-value":
        yield from (tag["Value"] for tag in view.get("Tags", ()))
    else:
        key = name.removeprefix("tag:")
        yield from (tag["Value"] for tag in view.get("Tags", ()) if tag["Key"] == key)


def _walk(value: Any, steps: list[str]) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, steps)
    elif not steps:
        if value is not None:
            yield text(value)
    elif isinstance(value, Mapping):
        yield from _walk(value.get(steps[0]), steps[1:])


def text(value: Any) -> str:
    """A value as a filter is compared with it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return str(value)


def _wild(value: str) -> bool:
    return "*" in value or "?" in value or "\\" in value


@lru_cache(maxsize=1024)
def _pattern(value: str) -> re.Pattern[str]:
    chunks = [""]
    for part in re.findall(r"\\.|\*+|.", value, re.DOTALL):
        if part[0] == "*":
            chunks.append("")
        else:
            chunks[-1] += "." if part == "?" else re.escape(part[-1])
    first, *others = chunks
    if not others:
        return re.compile(first, re.DOTALL)
    # What stands between two stars matches where it first can, for good (an atomic group): tried
    # at all other places too, a few stars take minutes.
    *middle, last = others
    return re.compile(first + "".join(f"(?>.*?{chunk})" for chunk in middle) + f".*{last}", re.DOTALL)
