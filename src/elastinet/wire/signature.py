"""Signatures of requests, version 4: what is signed, by whom, and whether it is right."""

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-_.~"
_IN_HEADER = re.compile(
    rf"{ALGORITHM} Credential=([^/,\s]+)/([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})",
    re.ASCII,
)
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_VALUE, _NAMES = re.compile("[0-9a-f]{64}", re.ASCII), re.compile("[!-~]+")
_SCOPE = re.compile(r"([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request", re.ASCII)


class Received(NamedTuple):
    """A request as it came in: header names in lower case, the query string as it stands."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Signature(NamedTuple):
    """A signature, and what has been said with it; `seconds` is how long that of a URL is good for."""

    access_key_id: str
    scope: str
    signed_headers: tuple[str, ...]
    value: str
    time: str
    token: str
    seconds: int | None = None

    @property
    def moment(self) -> float:
        """When it was made, in seconds since 1970; raises ValueError for a date that is none."""
        return calendar.timegm(time.strptime(self.time, "%Y%m%dT%H%M%SZ"))


def read(request: Received) -> Signature | None:
    """The signature in a request's header, else in its query string; None for none, or half of one."""
    headers = dict(request.headers)
    said = headers.get("authorization")
    if said is None:
        return _of_url(dict(_fields(request.query)))
    found = _IN_HEADER.fullmatch(said.strip())
    if found is None:
        return None
    key, scope, names, value = found.groups()
    token = headers.get("x-amz-security-token", "")
    return _whole(Signature(key, scope, tuple(names.split(";")), value, headers.get("x-amz-date", ""), token))


def _of_url(given: Mapping[str, str]) -> Signature | None:
    key, _, scope = given.get("X-Amz-Credential", "").partition("/")
    names, value = given.get("X-Amz-SignedHeaders", ""), given.get("X-Amz-Signature", "")
    seconds = given.get("X-Amz-Expires", "")
    if given.get("X-Amz-Algorithm") != ALGORITHM or not re.fullmatch("[0-9]{1,6}", seconds, re.ASCII):
        return None
    when, token = given.get("X-Amz-Date", ""), given.get("X-Amz-Security-Token", "")
    return _whole(Signature(key, scope, tuple(names.split(";")), value, when, token, int(seconds)))


def _whole(found: Signature) -> Signature | None:
    """A signature that has all its parts; that of another host's request is none of ours."""
    scope = _SCOPE.fullmatch(found.scope)
    if scope is None or not _TIME.fullmatch(found.time) or not found.time.startswith(scope[1]):
        return None
    if not _VALUE.fullmatch(found.value) or not all(map(_NAMES.fullmatch, found.signed_headers)):
        return None
    return found if "host" in found.signed_headers else None


def is_right(signature: Signature, request: Received, secret_key: str) -> bool:
    """True if who has this secret access key has signed this request."""
    canonical = hashlib.sha256(_canonical(signature, request).encode()).hexdigest()
    said = "\n".join((ALGORITHM, signature.time, signature.scope, canonical))
    key = f"AWS4{secret_key}".encode()
    for part in signature.scope.split("/"):
        key = _digest(key, part)
    return hmac.compare_digest(_digest(key, said).hex(), signature.value)


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _canonical(signature: Signature, request: Received) -> str:
    """The request in the one form that is signed."""
    pairs = (pair for pair in _fields(request.query) if pair[0] != "X-Amz-Signature")
    query = "&".join(f"{name}={value}" for name, value in sorted(_quoted(pairs)))
    values: dict[str, list[str]] = {name: [] for name in signature.signed_headers}
    for name, value in request.headers:
        if name in values:
            values[name].append(" ".join(value.split()))
    headers = "".join(f"{name}:{','.join(values[name])}\n" for name in signature.signed_headers)
    signed, body = ";".join(signature.signed_headers), hashlib.sha256(request.body).hexdigest()
    return "\n".join(
        (request.method, quote(request.path, safe="/" + UNRESERVED), query, headers, signed, body)
    )


def _fields(query: bytes) -> Iterable[tuple[str, str]]:
    for field in query.decode("latin-1").split("&"):
        if field:
            name, _, value = field.partition("=")
            yield _text(name), _text(value)


def _text(quoted: str) -> str:
    return unquote_to_bytes(quoted).decode("utf-8", "surrogateescape")


def _quoted(pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in pairs:
        raw = (one.encode("utf-8", "surrogateescape") for one in (name, value))
        first, second = (quote(one, safe=UNRESERVED) for one in raw)
        yield first, second
