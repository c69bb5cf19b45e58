"""Whatever comes as JSON, the answer is a refusal in JSON: no 5xx, no traceback."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from served import Served

BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"Name": 1}',
    b'{"Name": ["x"]}',
    b'{"Nam": "x"}',
    b"\xff",
    b"[" * 9999,
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bodies_that_are_no_request(server: Served, body: bytes) -> None:
    headers = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}
    with pytest.raises(HTTPError) as error:
        urlopen(Request(server.url, body, headers), timeout=30)
    with error.value as refusal:
        assert (refusal.code, refusal.headers["Content-Type"]) == (400, headers["Content-Type"])
        assert json.loads(refusal.read())["__type"] in ("SerializationException", "ValidationException")


TARGETS = [
    "",
    ".",
    "AmazonSSM",
    "AmazonSSM.",
    ".GetParameter",
    "AmazonSSM.DescribeVpcs",
    "x" * 8000,
    "EC2.GetParameter",
]


def test_a_long_target_in_binary(server: Served) -> None:
    """The lengths of what is told again have two bytes."""
    headers = {"X-Amz-Target": "é" * 15_000, "Content-Type": "application/x-amz-cbor-1.1"}
    with pytest.raises(HTTPError) as error:
        urlopen(Request(server.url, b"{}", headers), timeout=30)
    with error.value as refusal:
        assert refusal.code == 400
        assert len(refusal.read()) < 1000


@pytest.mark.parametrize("target", TARGETS, ids=range(len(TARGETS)))
def test_targets_that_are_none(server: Served, target: str) -> None:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    with pytest.raises(HTTPError) as error:
        urlopen(Request(server.url, b"{}", headers), timeout=30)
    with error.value as refusal:
        assert refusal.code == 400
        assert json.loads(refusal.read())["__type"] == "UnknownOperationException"
