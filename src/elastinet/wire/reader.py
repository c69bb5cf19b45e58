"""Shapes compiled to readers of a parameter tree."""

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any

from elastinet.digits import whole
from elastinet.wire import refusal
from elastinet.wire.form import Tree
from elastinet.wire.scalars import Scalar, scalar
from elastinet.wire.service import Service
from elastinet.wire.shapes import Shape

Reader = Callable[[str | Tree, str], Any]
"""Takes what stands under a name and the name itself; raises Fault."""

_MOST_INDEX = 999_999_999


def _leaf(read_text: Scalar) -> Reader:
    def read(node: str | Tree, path: str) -> Any:
        if not isinstance(node, str):
            raise refusal.unknown(f"{path}.{next(iter(node))}")
        return read_text(node, path)

    return read


def _position(index: str, path: str) -> int:
    # One spelling per position, so that "1" and "01" cannot be two elements.
    if index[:1] != "0" and (position := whole(index, 1, _MOST_INDEX)) is not None:
        return position
    raise refusal.invalid(index, path, "The members of a list are numbered from 1.")


def _elements(node: str | Tree, path: str) -> list[tuple[int, str | Tree]]:
    if isinstance(node, str):
        if node:
            raise refusal.invalid(node, path, f"Expecting a list, as in {path}.1.")
        return []  # how the query protocol sends an empty list
    by_position = {_position(index, path): child for index, child in node.items()}
    return sorted(by_position.items(), key=itemgetter(0))


def _list(service: Service, shape: Shape) -> Reader:
    member = reader(service, shape.member)

    def read_flat(node: str | Tree, path: str) -> list[Any]:
        return [member(child, f"{path}.{position}") for position, child in _elements(node, path)]

    def read_wrapped(node: str | Tree, path: str) -> list[Any]:
        if isinstance(node, str):
            return read_flat(node, path)
        if set(node) != {name}:
            raise refusal.unknown(f"{path}.{next(iter(set(node) - {name}))}")
        return read_flat(node[name], f"{path}.{name}")

    name = shape.member.location_name or "member"
    return read_flat if service.is_ec2 else read_wrapped


class _StructureReader:
    """Reads a structure; its members are compiled at first use, so that a shape may contain itself."""

    def __init__(self, service: Service, shape: Shape) -> None:
        self._service = service
        self._shape = shape
        self._members: dict[str, tuple[str, Reader]] = {}
        self._required: dict[str, str] = {}

    def _compile(self) -> None:
        for name, shape in self._shape.members.items():
            wire_name = self._service.request_name(name, shape)
            if name in self._shape.required_members:
                self._required[name] = wire_name
            self._members[wire_name] = name, reader(self._service, shape)

    def __call__(self, node: str | Tree, path: str) -> dict[str, Any]:
        if isinstance(node, str):
            raise refusal.invalid(node, path, "Expecting a structure.")
        if not self._members:
            self._compile()
        prefix = path and f"{path}."
        values = dict(self._value(key, child, prefix) for key, child in node.items())
        for name, wire_name in self._required.items():
            if name not in values:
                raise refusal.missing(prefix + wire_name)
        return values

    def _value(self, key: str, child: str | Tree, prefix: str) -> tuple[str, Any]:
        member = self._members.get(key)
        if member is None:
            raise refusal.unknown(prefix + key)
        return member[0], member[1](child, prefix + key)


@cache
def _structure_named(service: Service, name: str) -> _StructureReader:
    return _StructureReader(service, service.shape(name))


def reader(service: Service, shape: Shape) -> Reader:
    """The reader of any shape; structures are compiled once per name."""
    if shape.type_name == "structure":
        return _structure_named(service, shape.name)
    if shape.type_name == "list":
        return _list(service, shape)
    return _leaf(scalar(shape))
