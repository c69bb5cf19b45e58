"""The protocols of AWS's services, as far as a refusal in each of them goes."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from elastinet.model.fault import Fault
from elastinet.wire.serialise import serialise_error
from elastinet.wire.text import string

XML = "text/xml;charset=UTF-8"
JSON_TARGET, JSON = "x-amz-target", "application/x-amz-json-1."
FORM = "application/x-www-form-urlencoded"
CBOR = ("application/cbor", "application/x-amz-cbor-1.1")
CBOR_MARK = ("smithy-protocol", "rpc-v2-cbor")
XML_BY_PATH = frozenset(("cloudfront", "route53", "s3", "s3-object-lambda", "s3-outposts", "s3express"))
"""The services, as requests are signed for them, whose requests are paths and whose answers are XML."""

Headers = tuple[tuple[bytes, bytes], ...]


class Refusal(NamedTuple):
    """A refusal as it goes to the client."""

    content_type: str
    body: bytes
    headers: Headers = ()


class Dialect(NamedTuple):
    """A protocol: how it says no, and its code for an operation that is not there."""

    refuse: Callable[[Fault, str], Refusal]
    unknown: str
    is_query: bool = False
    is_json: bool = False
    is_ec2: bool = False


def _ec2(fault: Fault, request_id: str) -> Refusal:
    return Refusal(XML, serialise_error(fault.code, fault.message, request_id))


def _query(fault: Fault, request_id: str) -> Refusal:
    kind = "Receiver" if fault.status >= 500 else "Sender"
    code, message, id = map(string, (fault.code, fault.message, request_id))
    inside = f"<Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>"
    body = f"<ErrorResponse><Error>{inside}</Error><RequestId>{id}</RequestId></ErrorResponse>"
    return Refusal(XML, body.encode())


def _bucket(fault: Fault, request_id: str) -> Refusal:
    code, message, id = map(string, (fault.code, fault.message, request_id))
    body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{id}</RequestId></Error>"
    return Refusal(XML, body.encode())


def _json(content_type: str) -> Callable[[Fault, str], Refusal]:
    def refuse(fault: Fault, request_id: str) -> Refusal:
        body = json.dumps({"__type": fault.code, "message": fault.message}).encode()
        return Refusal(content_type, body, ((b"x-amzn-errortype", fault.code.encode()),))

    return refuse


def _cbor(content_type: str) -> Callable[[Fault, str], Refusal]:
    def refuse(fault: Fault, request_id: str) -> Refusal:
        words = ("__type", fault.code, "message", fault.message)
        body = b"\xa2" + b"".join(map(_cbor_text, words))  # a map of two pairs
        return Refusal(content_type, body, ((b"smithy-protocol", b"rpc-v2-cbor"),))

    return refuse


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    return b"\x79" + len(raw).to_bytes(2, "big") + raw


EC2 = Dialect(_ec2, "UnsupportedOperation", is_query=True, is_ec2=True)
QUERY = Dialect(_query, "InvalidAction", is_query=True)
S3 = Dialect(_bucket, "NotImplemented")
REST_XML = Dialect(_query, "UnknownOperationException")
REST_JSON = Dialect(_json("application/json"), "UnknownOperationException")


def dialect(headers: Mapping[str, str], query: bytes, service: str | None) -> Dialect:
    """The protocol of a request, by its headers (keys in lower case) and whom it is signed for."""
    kind = headers.get("content-type", "")
    mark, value = CBOR_MARK
    if headers.get(mark) == value or kind in CBOR:
        return Dialect(_cbor(kind if kind in CBOR else CBOR[0]), "UnknownOperationException")
    if JSON_TARGET in headers or kind.startswith(JSON):
        return Dialect(
            _json(JSON + ("0" if kind.startswith(JSON + "0") else "1")),
            "UnknownOperationException",
            is_json=True,
        )
    if kind.startswith("application/json"):
        return REST_JSON
    if service in (None, "ec2"):
        return EC2
    if kind.startswith(FORM) or b"Action=" in query or service in ("iam", "sts"):
        return QUERY
    if service in XML_BY_PATH:
        return S3 if (service or "").startswith("s3") else REST_XML
    return REST_JSON
