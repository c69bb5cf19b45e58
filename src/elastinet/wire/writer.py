"""Shapes compiled to writers of XML."""

from collections.abc import Callable
from functools import cache
from typing import Any

from elastinet.model.view import StateView
from elastinet.wire.service import Service
from elastinet.wire.shapes import Shape
from elastinet.wire.text import SCALARS

Put = Callable[[bytes], object]
Writer = Callable[[Any, Put], None]
"""Puts the inside of an element; KeyError or TypeError if the value is not of the shape."""


class _Fragment(bytes):
    """A view's XML and the shape that it was written in: another shape has other element names."""

    shape: str


def _scalar(shape: Shape) -> Writer:
    types, text = SCALARS[shape.type_name]
    is_boolean = bool in types

    def write(value: Any, put: Put) -> None:
        if not isinstance(value, types) or isinstance(value, bool) is not is_boolean:
            raise TypeError(f"{shape.name} is written from {types[0].__name__}, not from {value!r}")
        put(text(value))

    return write


def _list(service: Service, shape: Shape) -> Writer:
    member = writer(service, shape.member)
    name = service.response_name("member", shape.member).encode()
    begin, end = b"<%s>" % name, b"</%s>" % name

    def write(value: Any, put: Put) -> None:
        if not isinstance(value, list | tuple):
            raise TypeError(f"{shape.name} is written from a list, not from {value!r}")
        for item in value:
            put(begin)
            member(item, put)
            put(end)

    return write


class _StructureWriter:
    """Writes a structure; its members are compiled at first use, so that a shape may contain itself."""

    def __init__(self, service: Service, shape: Shape) -> None:
        self._service = service
        self._shape = shape
        self._key = f"{service.name}.{shape.name}"
        self._members: dict[str, tuple[bytes, Writer, bytes]] = {}

    def _compile(self) -> None:
        for name, shape in self._shape.members.items():
            tag = self._service.response_name(name, shape).encode()
            self._members[name] = b"<%s>" % tag, writer(self._service, shape), b"</%s>" % tag

    def __call__(self, value: Any, put: Put) -> None:
        if isinstance(value, StateView):
            put(self._fragment(value))
        elif isinstance(value, dict):
            self._write(value, put)
        else:
            raise TypeError(f"{self._shape.name} is written from a dict, not from {value!r}")

    def _fragment(self, view: StateView) -> bytes:
        kept = view.wire
        if isinstance(kept, _Fragment) and kept.shape == self._key:
            return kept
        parts: list[bytes] = []
        self._write(view, parts.append)
        made = view.wire = _Fragment(b"".join(parts))
        made.shape = self._key
        return made

    def _write(self, value: dict[str, Any], put: Put) -> None:
        if not self._members:
            self._compile()
        for name, item in value.items():
            if name not in self._members:
                raise KeyError(f"{self._shape.name} has no member {name}")
            begin, write, end = self._members[name]
            put(begin)
            write(item, put)
            put(end)


@cache
def _structure_named(service: Service, name: str) -> _StructureWriter:
    return _StructureWriter(service, service.shape(name))


def writer(service: Service, shape: Shape) -> Writer:
    """The writer of any shape; structures are compiled once per name."""
    if shape.type_name == "structure":
        return _structure_named(service, shape.name)
    if shape.type_name == "list":
        return _list(service, shape)
    return _scalar(shape)
