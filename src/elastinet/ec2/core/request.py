"""A request's parameters, which remember whether they were read.

What an operation did not read it cannot have honoured, so the engine refuses it by name: no
parameter is ever accepted and ignored.
"""

from collections.abc import Iterator
from typing import Any


class Request:
    """The parameters of one call, or one structure inside them, by their names in the model."""

    def __init__(self, given: dict[str, Any], path: str = "") -> None:
        self._given = {
            name: _wrap(value, f"{path}.{name}" if path else name) for name, value in given.items()
        }
        self._path = path
        self._read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default where it was not given."""
        self._read.add(name)
        return self._given.get(name, default)

    def __getitem__(self, name: str) -> Any:
        """A parameter that the wire has made sure of."""
        self._read.add(name)
        return self._given[name]

    def __contains__(self, name: str) -> bool:
        """True if a parameter was given; this alone does not mark it as read."""
        return name in self._given

    def ids(self, name: str) -> list[str]:
        """A list of strings, empty where it was not given."""
        return list(self.get(name) or ())

    def accept(self, *names: str) -> None:
        """Take parameters as read that change nothing here: what they ask for is so already."""
        self._read.update(names)

    def accept_all(self) -> None:
        """Take every parameter, however deep, as read."""
        self._read.update(self._given)
        for child in self._children():
            child.accept_all()

    def unread(self) -> Iterator[tuple[str, Any]]:
        """The paths of parameters that nobody read, with their values; a structure's members one by one."""
        for name, value in self._given.items():
            inside = list(_requests(value)) if isinstance(value, Request | list) else ()
            if name not in self._read and not inside:
                yield f"{self._path}.{name}" if self._path else name, value
            for child in inside:
                yield from child.unread()

    def raw(self) -> dict[str, Any]:
        """The parameters as plain dictionaries and lists."""
        return {name: _unwrap(value) for name, value in self._given.items()}

    def _children(self) -> Iterator["Request"]:
        for value in self._given.values():
            yield from _requests(value)


def _wrap(value: Any, path: str) -> Any:
    if isinstance(value, dict):
        return Request(value, path)
    if isinstance(value, list):
        return [_wrap(item, f"{path}.{number}") for number, item in enumerate(value, 1)]
    return value


def _unwrap(value: Any) -> Any:
    if isinstance(value, Request):
        return value.raw()
    return [_unwrap(item) for item in value] if isinstance(value, list) else value


def _requests(value: Any) -> Iterator[Request]:
    if isinstance(value, Request):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _requests(item)
