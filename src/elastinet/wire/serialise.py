"""An operation's output, or a fault, to the XML document that clients read."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from elastinet.wire.service import Service, service_of
from elastinet.wire.text import string
from elastinet.wire.writer import Put, Putter, putter

_REQUEST_ID = b"{request id}"
_PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_ERROR = (
    b"<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
    b"<RequestID>%s</RequestID></Response>"
)


def serialise(action: str, output: Mapping[str, Any], request_id: str) -> bytes:
    """The document for the operation's output, given in botocore's member names and Python types.

    A View inside is written once and remembered. Raises KeyError for an unknown action or a member that
    the shape does not have; TypeError for a value of another type, None and naive datetimes included.
    """
    before, write, after = _document(action)
    name = string(request_id).encode()
    parts = [before.replace(_REQUEST_ID, name)]
    write(output if isinstance(output, dict) else dict(output), parts.append)
    parts.append(after.replace(_REQUEST_ID, name))
    return b"".join(parts)


def serialise_error(code: str, message: str, request_id: str) -> bytes:
    """EC2's document for a refusal."""
    values = tuple(string(text).encode() for text in (code, message, request_id))
    return _PROLOG + _ERROR % values


@cache
def _document(action: str) -> tuple[bytes, Putter, bytes]:
    service = service_of(action)
    if service is None:
        raise KeyError(action)
    return _open(service, action.encode()), _putter(service, action), _close(service, action.encode())


def _open(service: Service, action: bytes) -> bytes:
    first = b"<requestId>%s</requestId>" % _REQUEST_ID if service.is_ec2 else _result(service, action)
    return _PROLOG + b'<%sResponse xmlns="%s">' % (action, service.namespace.encode()) + first


def _close(service: Service, action: bytes) -> bytes:
    metadata = b"<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>" % _REQUEST_ID
    last = b"" if service.is_ec2 else _result(service, action, b"/") + metadata
    return last + b"</%sResponse>" % action


def _result(service: Service, action: bytes, end: bytes = b"") -> bytes:
    """The tag around an output of the query protocol, if there is one."""
    return b"<%s%sResult>" % (end, action) if service.output_shape(action.decode()) else b""


def _putter(service: Service, action: str) -> Putter:
    shape = service.output_shape(action)
    if shape is None:
        return _done if service.is_ec2 else _nothing
    return putter(service, shape)


def _nothing(output: Mapping[str, Any], put: Put) -> None:
    if output:
        raise KeyError(f"the operation has no output, but was given {sorted(output)}")


def _done(output: Mapping[str, Any], put: Put) -> None:
    _nothing(output, put)
    put(b"<return>true</return>")
