"""Structures with the same members, written by one template."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from elastinet.wire.text import needs_escape, string

Writer = Callable[[Any], str]
"""The inside of an element; raises KeyError or TypeError if the value is not of the shape."""


class Layout:
    """Fills a template with the values of a structure whose members come in one order.

    Most members are strings, and few need an escape. They are looked at all together: joined, which also
    refuses what is no string, and searched once.
    """

    def __init__(self, shape: str, members: Sequence[tuple[str, Writer]]) -> None:
        self._shape = shape
        self._template = "".join(f"<{tag}>%s</{tag}>" for tag, _ in members)
        self._strings = [at for at, (_, write) in enumerate(members) if write is string]
        self._texts = _all_of(self._strings)
        self._others = [(at, write) for at, (_, write) in enumerate(members) if write is not string]

    def fill(self, structure: dict[str, Any]) -> str:
        """The structure's elements."""
        values = list(structure.values())
        try:
            together = "".join(self._texts(values))
        except TypeError as error:
            raise TypeError(f"{self._shape} has another type than str for a string: {structure!r}") from error
        if needs_escape(together):
            for at in self._strings:
                values[at] = string(values[at])
        for at, write in self._others:
            values[at] = write(values[at])
        return self._template % tuple(values)


def _all_of(places: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """A function that takes the values at these places out of a list."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0))
