"""An EC2 Query request to a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from elastinet.model.fault import Fault
from elastinet.wire import refusal
from elastinet.wire.constraints import violation
from elastinet.wire.form import Tree, fields, tree
from elastinet.wire.reader import Reader, reader
from elastinet.wire.service import Service, service_of

# What signed and presigned requests carry beside the operation's own parameters.
_ENVELOPE = frozenset(
    {
        *("Action", "Version"),
        # Signatures of version 2; those of version 4 are X-Amz-*.
        *("AWSAccessKeyId", "SecurityToken", "Signature", "SignatureMethod", "SignatureVersion"),
        *("Timestamp", "Expires"),
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request; `params` has botocore's member names and Python types, without DryRun."""

    action: str
    params: dict[str, Any]
    dry_run: bool
    version: str


def parse(
    body: bytes,
    query: bytes = b"",
    limit: int = 1_048_576,
    check: Callable[[str], None] = lambda _: None,
) -> Call:
    """Read the call that a form body and a URL's query string carry together.

    `check` may refuse an action before its parameters are looked at.
    Raises Fault: MissingAction, InvalidAction, NoSuchVersion, UnknownParameter, MissingParameter,
    InvalidParameterValue, MalformedQueryString (all 400), RequestEntityTooLarge (413).
    """
    if len(body) + len(query) > limit:
        raise refusal.too_large(f"The request is larger than {limit} bytes.")
    nodes = tree(fields(query) + fields(body) if query else fields(body))
    action, service = _action(nodes)
    check(action)
    version = _version(nodes, service)
    read = _reader(service, action)
    params = read(_parameters(nodes), "") if service.is_ec2 else _by_model(service, action, read, nodes)
    return Call(action, params, params.pop("DryRun", False), version)


def _action(nodes: Tree) -> tuple[str, Service]:
    action = nodes.get("Action")
    if not action:
        raise Fault("MissingAction", "The request is missing an action or a required parameter.")
    service = service_of(action) if isinstance(action, str) else None
    if service is None:
        name = action[:256] if isinstance(action, str) else "Action"
        raise Fault("InvalidAction", f"The action {name} is not valid for this web service.")
    return str(action), service


def _version(nodes: Tree, service: Service) -> str:
    version = nodes.get("Version", service.version)
    if version != service.version:
        name = version[:256] if isinstance(version, str) else "Version"
        raise Fault("NoSuchVersion", f"The requested version ({name}) of the service does not exist.")
    return service.version


def _parameters(nodes: Tree) -> Tree:
    return {key: node for key, node in nodes.items() if key not in _ENVELOPE and key[:6] != "X-Amz-"}


def _by_model(service: Service, action: str, read: Reader, nodes: Tree) -> dict[str, Any]:
    """The parameters of a neighbour of EC2, which refuses all that its model does not allow with one code."""
    try:
        params: dict[str, Any] = read(_parameters(nodes), "")
    except Fault as fault:
        raise Fault("ValidationError", fault.message, fault.status) from fault
    shape = service.input_shape(action)
    if shape and (why := violation(shape, params)):
        raise Fault("ValidationError", why)
    return params


def _no_parameters(node: str | Mapping[str, Any], path: str) -> dict[str, Any]:
    for key in node:
        raise refusal.unknown(key)
    return {}


@cache
def _reader(service: Service, action: str) -> Reader:
    shape = service.input_shape(action)
    return _no_parameters if shape is None else reader(service, shape)
