"""Shapes compiled to writers of XML.

An answer is put together from pieces: views give theirs, which are kept, and what is around them is little.
Inside a view, structures are filled into layouts.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from elastinet.model.view import StateView
from elastinet.wire.layout import Writer, layout
from elastinet.wire.service import Service
from elastinet.wire.shapes import Shape
from elastinet.wire.text import SCALARS

Put = Callable[[bytes], object]
Putter = Callable[[Any, Put], object]
"""Puts the inside of an element, in pieces; raises KeyError or TypeError if the value is not of the shape."""


class _StructureWriter:
    """Writes a structure; what it needs to know of its members is compiled when it first meets them."""

    def __init__(self, service: Service, shape: Shape) -> None:
        self._service = service
        self._shape = shape
        self._key = f"{service.name}.{shape.name}"
        self._layouts: dict[tuple[str, ...], Writer] = {}
        self._putters: dict[str, tuple[bytes, Putter, bytes]] = {}

    def put(self, value: Any, put: Put) -> None:
        """Put a structure in pieces, a view in one."""
        if isinstance(value, StateView):
            put(self._bytes(value))
            return
        for name, item in self._checked(value).items():
            begin, member, end = self._putters.get(name) or self._putter(name)
            put(begin)
            member(item, put)
            put(end)

    def text(self, value: Any) -> str:
        """A structure's elements; those of a view are kept."""
        if not isinstance(value, StateView):
            return self._fill(self._checked(value))
        if value.text is None or value.text[0] != self._key:
            value.text = self._key, self._fill(value)
        return value.text[1]

    def _bytes(self, view: StateView) -> bytes:
        if view.wire is None or view.wire[0] != self._key:
            view.wire = self._key, self._fill(view).encode()
        return view.wire[1]

    def _checked(self, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise TypeError(f"{self._shape.name} is written from a dict, not from {value!r}")

    def _fill(self, value: dict[str, Any]) -> str:
        fill = self._layouts.get(names := (*value,)) or self._layout(names)
        return fill(value)

    def _layout(self, names: tuple[str, ...]) -> Writer:
        members = [(self._tag(name), writer(self._service, self._member(name))) for name in names]
        made = self._layouts[names] = layout(self._shape.name, members)
        return made

    def _putter(self, name: str) -> tuple[bytes, Putter, bytes]:
        tag = self._tag(name).encode()
        made = b"<%s>" % tag, putter(self._service, self._member(name)), b"</%s>" % tag
        self._putters[name] = made
        return made

    def _member(self, name: str) -> Shape:
        if name not in self._shape.members:
            raise KeyError(f"{self._shape.name} has no member {name}")
        return self._shape.members[name]

    def _tag(self, name: str) -> str:
        return self._service.response_name(name, self._member(name))


@cache
def _structure_named(service: Service, name: str) -> _StructureWriter:
    return _StructureWriter(service, service.shape(name))


class _ListWriter:
    """Writes a list, each item in an element of its own."""

    def __init__(self, service: Service, shape: Shape) -> None:
        self._shape = shape
        self._write, self._put = writer(service, shape.member), putter(service, shape.member)
        name = service.response_name("member", shape.member)
        self._begin, self._end = f"<{name}>", f"</{name}>"
        self._between = self._end + self._begin
        self._edges = self._begin.encode(), self._end.encode()

    def put(self, value: Any, put: Put) -> None:
        """Put all items in pieces."""
        begin, end = self._edges
        for item in self._checked(value):
            put(begin)
            self._put(item, put)
            put(end)

    def text(self, value: Any) -> str:
        """The elements of all items."""
        if not self._checked(value):
            return ""
        return f"{self._begin}{self._between.join(map(self._write, value))}{self._end}"

    def _checked(self, value: Any) -> list[Any] | tuple[Any, ...]:
        if isinstance(value, list | tuple):
            return value
        raise TypeError(f"{self._shape.name} is written from a list, not from {value!r}")


def writer(service: Service, shape: Shape) -> Writer:
    """The writer of any shape inside a view; structures are compiled once per name."""
    if shape.type_name == "structure":
        return _structure_named(service, shape.name).text
    if shape.type_name == "list":
        return _ListWriter(service, shape).text
    return SCALARS[shape.type_name]


def putter(service: Service, shape: Shape) -> Putter:
    """The writer of any shape around views."""
    if shape.type_name == "structure":
        return _structure_named(service, shape.name).put
    if shape.type_name == "list":
        return _ListWriter(service, shape).put
    write = SCALARS[shape.type_name]
    return lambda value, put: put(write(value).encode())
