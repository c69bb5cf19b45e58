"""What `why` and `verify` ask the server: whatever the words are, the answer is a refusal in a sentence, or an answer."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from place import launch, make_place
from served import Served

WORDS = (
    *("", " ", "*", "=", "a=", "=b", "/", "0/0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "10.1/8", "::/0", "::1%eth0"),
    *("fe80::1%eth0/64", "0", "1", "-1", "0x7f.1", "10.0.0.256", "2130706433", "255.255.255.255", "0.0.0.0", "::", "::ffff:10.0.1.1"),
    *("i-", "eni-", "sg-", "vpc-", "subnet-", "igw-", "nat-1", "i-0000000000000000g", "INTERNET", "internet ", "\u0661", "\x00", "\x1b[2J"),
    *("[red]", "a" * 3000, "../../etc/passwd", "'; drop", "\ud7ff", "10.0.1.1\n", "\u2028", "None", "true"),
)  # fmt: skip
"""What may stand where an end is named, and is none, or is one that says no more than an end says."""


@pytest.fixture(scope="module")
def asked(server: Served) -> Served:
    """A server with an instance whose Name tag is as bad as the words."""
    ec2 = server.client()
    tags = [{"Key": "Name", "Value": "a -> b"}]
    launch(ec2, make_place(ec2), TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    return server


def ask(server: Served, page: str, **words: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(
            f"{server.url}/_elastinet/{page}?{urlencode(words)}", timeout=60
        ) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.mark.parametrize("page", ["why", "verify"])
@pytest.mark.parametrize("word", WORDS, ids=lambda word: ascii(word)[:30])
def test_an_end_that_is_none(asked: Served, page: str, word: str) -> None:
    for words in ({"source": word, "target": "a -> b"}, {"source": "a -> b", "target": word}):
        for ipv6 in ("true", "false"):
            status, told = ask(asked, page, **words, ipv6=ipv6, port="80")
            assert status in (200, 400), told
            assert status == 200 or told["error"]


@pytest.mark.parametrize("page", ["why", "verify"])
@pytest.mark.parametrize(
    "words",
    [
        *(
            {"port": port}
            for port in ("-1", "65536", "9" * 5000, "1e3", " 1", "\u0661", "0x10", "1_0", "nan")
        ),
        *({"protocol": protocol} for protocol in ("", "TCP", "6", "-1", "gre", "all", "\x00")),
        {"protocol": "icmp", "port": "8"},
    ],
    ids=str,
)
def test_a_protocol_or_a_port_that_is_none(asked: Served, page: str, words: dict[str, str]) -> None:
    status, told = ask(asked, page, source="a -> b", target="internet", **words)
    assert status == (200 if words == {"protocol": ""} else 400), told


def test_nothing_at_all(asked: Served) -> None:
    for page in ("why", "verify"):
        assert ask(asked, page)[0] == 400
