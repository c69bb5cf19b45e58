"""Whatever comes to the port, the answer is EC2's refusal: no 5xx, no traceback, nothing changed."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastinet.ec2.operations import OPERATIONS
from elastinet.wire.service import service
from served import Served
from tries import tries
from watched import FORM, Stderr, Watched

MOST_BYTES = 1 << 20

some = settings(
    max_examples=tries(60), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A furnished server; in the end nothing has changed and nothing has gone wrong inside."""
    folder = tmp_path_factory.mktemp("watched")
    path = folder / "stderr"
    with path.open("wb") as log, closing(Stderr(log.fileno())):
        served = Served(folder)
    watched = Watched(served, lambda: path.read_text(errors="replace"))
    furnish(served.client(account=watched.account))
    before = watched.everything()
    yield watched
    after = watched.everything()
    watched.close()
    served.stop()
    assert after == before
    assert "Traceback" not in watched.log()
    assert "has a fault" not in watched.log()


def furnish(ec2: Any) -> None:
    image = ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]
    ec2.run_instances(ImageId=image["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_network_interface(SubnetId=subnet)
    ec2.allocate_address()


# --- bytes ----------------------------------------------------------------------------------------


@some
@given(st.binary(max_size=300))
def test_any_bytes(watched: Watched, data: bytes) -> None:
    answer = watched.raw(data)
    assert not answer or answer.startswith(b"HTTP/1.1 4")


@some
@given(st.binary(max_size=300))
def test_any_body(watched: Watched, body: bytes) -> None:
    status, code = watched.ask(body)
    assert (status, bool(code)) == (400, True)


HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + FORM.encode()


@pytest.mark.parametrize("then_close", [True, False])
@pytest.mark.parametrize(
    "request_so_far",
    [
        b"POST",
        b"POST / HTTP/1.1\r\nHost",
        HEAD + b"\r\nContent-Length: 100\r\n\r\n",
        HEAD + b"\r\nContent-Length: 100\r\n\r\nAction=DescribeVpcs",
        HEAD + b"\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nAction=",
        HEAD + b"\r\nContent-Length: 2000000\r\n\r\n" + b"A" * 1_500_000,
    ],
)
def test_a_request_that_ends_too_soon(watched: Watched, request_so_far: bytes, then_close: bool) -> None:
    answer = watched.raw(request_so_far, then_close=then_close)
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert watched.ask(b"Action=DescribeRegions&Version=2016-11-15") == (200, "")
    assert "Traceback" not in watched.log()


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET " + b"/a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 50_000 + b"\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ],
)
def test_odd_requests(watched: Watched, head: bytes) -> None:
    answer = watched.raw(head)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 4"))


def test_a_body_that_is_too_large(watched: Watched) -> None:
    assert watched.ask(b"A" * MOST_BYTES) == (400, "MissingAction")
    assert watched.ask(b"A" * (MOST_BYTES + 1)) == (413, "RequestEntityTooLarge")
    assert watched.ask(b"Action=DescribeVpcs&A=" + b"x" * (4 * MOST_BYTES)) == (413, "RequestEntityTooLarge")
    assert watched.ask(b"Action=DescribeVpcs" + b"&A=1" * 20_000) == (413, "RequestEntityTooLarge")


# --- requests -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/xml", "nonsense", ""])
def test_a_body_that_is_no_form(watched: Watched, kind: str) -> None:
    body = json.dumps({"Action": "DescribeVpcs"}).encode()
    status, code = watched.ask(body, **{"Content-Type": kind})
    assert (status, bool(code)) == (400, True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/latest/meta-data", "/%00", "/../..", "/?Action=", "//x"])
def test_unknown_paths_and_methods(watched: Watched, method: str, path: str) -> None:
    assert watched.ask(method=method, path=path) == (400, "MissingAction")


@pytest.mark.parametrize(
    "path", ["/_elastinet", "/_elastinet/nothing", "/_localstack/x", "/moto-api/data.json"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_pages(watched: Watched, method: str, path: str) -> None:
    assert watched.ask(method=method, path=path) == (404, "")


@pytest.mark.parametrize("timeout", ["x", "nan", "inf", "-1", "1e999", "%00"])
def test_a_timeout_that_is_none(watched: Watched, timeout: str) -> None:
    assert watched.ask(path=f"/_elastinet/settle?timeout={timeout}") == (400, "")


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic YTpi", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=a/b/c", "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/ec2",
        "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20260101/ec2/aws4_request", "\xff\xfe", "x" * 30_000,
    ],
)  # fmt: skip
def test_bad_authorization(watched: Watched, header: str) -> None:
    body = b"Action=CreateVpc&CidrBlock=10.0.0.0/16&Version=2016-11-15"
    assert watched.ask(body, Authorization=header) == (400, "IncompleteSignature")


@pytest.mark.parametrize("region", ["nowhere-1", "us-east-9", "x", "us-east-1a"])
def test_unknown_regions(watched: Watched, region: str) -> None:
    body = b"Action=DescribeVpcs&Version=2016-11-15"
    assert watched.ask(body, Authorization=watched.signed(region)) == (400, "InvalidRegion")


@pytest.mark.parametrize(
    "names",
    [
        ".".join(["Filter"] * 1000),
        "Filter.1" + ".Value" * 1000,
        "Filter" + ".1" * 1000,
        "BlockDeviceMapping.1.Ebs" * 300,
        "." * 1000,
    ],
)
def test_names_a_thousand_deep(watched: Watched, names: str) -> None:
    status, code = watched.ask(urlencode({"Action": "RunInstances", names: "1"}).encode())
    assert (status, bool(code)) == (400, True)


# --- ids ------------------------------------------------------------------------------------------

ODD_IDS = (
    *("", " ", "x", "vpc-123", "i-zzzzzzzzzzzzzzzzz", "vol-0123456789abcdef0", "I-0123456789ABCDEF0"),
    *(
        "i-0123456789abcdef0\n",
        "-",
        "i-",
        "\u4f60\u597d",
        "\U0001f600",
        "<a>&amp;",
        "'; --",
        "../..",
        "%00",
        "*",
    ),
    "x" * 5000,
)
NO_RESOURCES = ("AvailabilityZoneId", "AvailabilityZoneIds")
"""Ids of things that no account has."""


def places(shape: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """The names on the wire under which a request may carry an id."""
    for name, member in shape.members.items() if depth < 4 else ():
        path = prefix + service().request_name(name, member)
        if member.type_name == "list":
            path, member = f"{path}.1", member.member
        if member.type_name == "structure":
            yield from places(member, f"{path}.", depth + 1)
        elif member.type_name == "string" and name.endswith(("Id", "Ids")) and name not in NO_RESOURCES:
            yield path


def needed(shape: Any, prefix: str = "") -> dict[str, str]:
    """Something for every parameter that must be there."""
    found: dict[str, str] = {}
    for name in shape.required_members:
        member = shape.members[name]
        path = prefix + service().request_name(name, member)
        if member.type_name == "list":
            path, member = f"{path}.1", member.member
        if member.type_name == "structure":
            found |= needed(member, f"{path}.") or {f"{path}.Key": "k"}
        else:
            found[path] = (getattr(member, "enum", None) or ["1"])[0]
    return found


def shape_of(action: str) -> Any:
    return service().input_shape(action)


def with_ids() -> list[str]:
    """The operations that take ids, but those to which any id will do: they say of each what became of it."""
    known = OPERATIONS.keys() & service().actions - {"DeleteKeyPair", "DeleteVpcEndpoints"}
    return sorted(action for action in known if any(places(shape_of(action))))


@pytest.mark.parametrize("action", with_ids())
def test_an_odd_id_is_refused(watched: Watched, action: str) -> None:
    given = {"Action": action, "Version": "2016-11-15"} | needed(shape_of(action))
    for place in places(shape_of(action)):
        for id in ODD_IDS:
            status, code = watched.ask(urlencode(given | {place: id}).encode())
            assert (status, bool(code)) == (400, True), (place, id)
