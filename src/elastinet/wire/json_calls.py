"""Calls of the JSON protocol: a target that names the operation, and a body of one object."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from elastinet.model.fault import Fault
from elastinet.wire.constraints import violation
from elastinet.wire.parse import Call
from elastinet.wire.service import OTHER_SERVICES, Service, service_of
from elastinet.wire.shapes import Shape

_DEEPEST = 32


def parse_json(target: str, body: bytes) -> Call | None:
    """The call that a target and a body make; None if elastinet has no such operation.

    Raises Fault SerializationException for a body that is not of the operation's shape, and
    ValidationException for a value that the model does not allow.
    """
    prefix, _, action = target.rpartition(".")
    service = service_of(action) if action in OTHER_SERVICES else None
    if service is None or service.target_prefix != prefix:
        return None
    params = _parameters(service, action, _object(body))
    return Call(action, params, dry_run=False, version=service.version)


def write_json(output: Mapping[str, Any]) -> bytes:
    """An operation's output as the protocol's body."""
    return json.dumps(output, default=_scalar).encode()


def _scalar(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} is not written as JSON")


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _not_of_its_shape("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise _not_of_its_shape("The body must be an object.")
    return value


def _parameters(service: Service, action: str, given: dict[str, Any]) -> dict[str, Any]:
    shape = service.input_shape(action)
    params: dict[str, Any] = _read(shape, given, "") if shape else {}
    if shape and (why := violation(shape, params)):
        raise Fault("ValidationException", why)
    return params


def _read(shape: Shape, value: Any, path: str) -> Any:
    if path.count(".") > _DEEPEST:
        raise _not_of_its_shape("The body is nested too deeply.")
    return _READERS[shape.type_name](shape, value, path)


def _structure(shape: Shape, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _not_of_its_shape(f"{path or 'The body'} must be an object.")
    for name in value:
        if name not in shape.members:
            raise Fault("ValidationException", f"The parameter {path}{name[:256]} is not recognized.")
    there = {name: item for name, item in value.items() if item is not None}
    return {name: _read(shape.members[name], item, f"{path}{name}.") for name, item in there.items()}


def _list(shape: Shape, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise _not_of_its_shape(f"{path}: expecting a list.")
    return [_read(shape.member, item, path) for item in value]


def _of(kind: type, words: str) -> Callable[[Shape, Any, str], Any]:
    def read(shape: Shape, value: Any, path: str) -> Any:
        if type(value) is not kind:
            raise _not_of_its_shape(f"{path}: expecting {words}.")
        return value

    return read


_READERS: dict[str, Callable[[Shape, Any, str], Any]] = {
    "structure": _structure,
    "list": _list,
    "string": _of(str, "a string"),
    "boolean": _of(bool, "true or false"),
    "integer": _of(int, "an integer"),
}
"""By type, as far as the operations here have them."""


def _not_of_its_shape(why: str) -> Fault:
    return Fault("SerializationException", why)
