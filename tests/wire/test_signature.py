"""What botocore signs is right, and nothing else is."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from elastinet.wire.signature import Received, Signature, is_right, read

HOST = "ec2.us-east-1.amazonaws.com"
KEYS = Credentials("ASIAX", "secret", "token/+=")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=20)


def received(request: AWSRequest) -> Received:
    """The request as a server gets it."""
    prepared = request.prepare()
    url = urlsplit(prepared.url)
    fields = tuple((name.lower(), _text(value)) for name, value in prepared.headers.items())
    body = prepared.body or b""
    raw = body if isinstance(body, bytes) else body.encode()
    return Received(prepared.method, url.path or "/", url.query.encode(), fields, raw)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def by_header(url: str = f"https://{HOST}/", body: str = "Action=X", **headers: str) -> Received:
    request = AWSRequest("POST", url, {"Host": HOST, **headers}, body)
    SigV4Auth(KEYS, "ec2", "us-east-1").add_auth(request)
    return received(request)


def by_url(query: str = "Action=X") -> Received:
    request = AWSRequest("GET", f"https://{HOST}/?{query}", {"Host": HOST})
    SigV4QueryAuth(KEYS, "ec2", "us-east-1", expires=60).add_auth(request)
    return received(request)


def signature_of(request: Received) -> Signature:
    found = read(request)
    assert found is not None
    return found


@pytest.mark.parametrize("request_", [by_header(), by_url(), by_header(f"https://{HOST}/?b=2&a=1&a=0")])
def test_what_botocore_signs(request_: Received) -> None:
    found = signature_of(request_)
    assert (found.access_key_id, found.token) == ("ASIAX", "token/+=")
    assert is_right(found, request_, "secret")
    assert not is_right(found, request_, "another")


@given(st.lists(st.tuples(TEXT, TEXT), max_size=4), TEXT)
def test_any_text(pairs: list[tuple[str, str]], body: str) -> None:
    from urllib.parse import quote

    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in pairs if name
    )
    one = by_header(f"https://{HOST}/?{query}" if query else f"https://{HOST}/", body)
    assert is_right(signature_of(one), one, "secret")


CHANGES: dict[str, dict[str, Any]] = {
    "another method": {"method": "PUT"},
    "another path": {"path": "/x"},
    "a query": {"query": b"Action=Y"},
    "another body": {"body": b"Action=Y"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_request_that_was_changed(what: str) -> None:
    one = by_header()
    assert not is_right(signature_of(one), one._replace(**CHANGES[what]), "secret")


@pytest.mark.parametrize("name", ["host", "x-amz-date", "x-amz-security-token", "x-more"])
def test_a_header_that_was_changed(name: str) -> None:
    one = by_header(**{"X-More": "a  b"})
    fields = tuple((known, value + "0" if known == name else value) for known, value in one.headers)
    other = one._replace(headers=fields)
    found = read(other)
    assert found is None or not is_right(found, other, "secret")


def test_a_url_that_was_changed() -> None:
    one = by_url("Action=X&B=1")
    for old, new in ((b"B=1", b"B=2"), (b"Expires=60", b"Expires=6000"), (b"Action=X", b"Action=Y")):
        assert old in one.query
        other = one._replace(query=one.query.replace(old, new))
        assert not is_right(signature_of(other), other, "secret")


ODD = [
    "", "AWS4-HMAC-SHA256", "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
    f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ec2/aws4_request, SignedHeaders=date, Signature={'0' * 64}",
    f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ec2/aws5_request, SignedHeaders=host, Signature={'0' * 64}",
    f"AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature={'0' * 64}",
    "\xff" * 100,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_signature(text: str) -> None:
    fields = (("host", HOST), ("authorization", text), ("x-amz-date", "20260101T000000Z"))
    assert read(Received("POST", "/", b"", fields, b"")) is None


@pytest.mark.parametrize("date", ["", "20260101", "20250101T000000Z", "20260101T000000Z0"])
def test_a_time_that_is_not_the_scope_s(date: str) -> None:
    text = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature={'0' * 64}"
    fields = (("host", HOST), ("authorization", text), ("x-amz-date", date))
    assert read(Received("POST", "/", b"", fields, b"")) is None


@given(st.binary(max_size=200))
def test_any_query_is_read_or_is_none(query: bytes) -> None:
    read(Received("GET", "/", query, (), b""))


PARTS = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Security-Token", "Signature")


@given(st.sampled_from(PARTS), st.one_of(st.binary(max_size=80), st.sampled_from([b"%ff" * 64, b"host;%80"])))
def test_any_part_of_a_url(part: str, value: bytes) -> None:
    """It is read or not, and is never right."""
    one = by_url()
    start = one.query.index(f"X-Amz-{part}=".encode()) + len(f"X-Amz-{part}=")
    end = one.query.find(b"&", start) if b"&" in one.query[start:] else len(one.query)
    other = one._replace(query=one.query[:start] + value + one.query[end:])
    found = read(other)
    assert found is None or other.query == one.query or not is_right(found, other, "secret")


@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Amz-SignedHeaders"])
@pytest.mark.parametrize("value", [b"%ff" * 64, b"\xff" * 64, b"%C3%A9" * 64, b""])
def test_parts_of_a_url_that_are_no_text(name: str, value: bytes) -> None:
    one = by_url()
    start = one.query.index(f"{name}=".encode()) + len(name) + 1
    end = one.query.find(b"&", start) if b"&" in one.query[start:] else len(one.query)
    assert read(one._replace(query=one.query[:start] + value + one.query[end:])) is None
