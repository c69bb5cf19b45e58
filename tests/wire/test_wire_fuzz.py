"""Whatever arrives, the answer is a call or a client's fault; never another exception, never slowly."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from elastinet.model.fault import Fault
from elastinet.wire.credentials import caller
from elastinet.wire.parse import Call, parse
from tries import tries

TYPICAL = (
    b"Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=2&ImageId=ami-1&InstanceType=t3.micro"
    b"&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.SubnetId=subnet-1&Placement.Tenancy=default"
    b"&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a%20b&DryRun=true"
)
WORDS = [
    *("Action", "Version", "2016-11-15", "RunInstances", "DescribeVpcs", "GetCallerIdentity", "X-Amz-Date"),
    *("Filter", "Name", "Value", "NetworkInterface", "DeviceIndex", "TagSpecification", "Tag", "Key"),
    *(
        "MinCount",
        "MaxCount",
        "Placement",
        "1",
        "2",
        "0",
        "-1",
        "true",
        "9" * 21,
        "%41",
        "%ff",
        "%",
        "\u00e9",
        "\0",
    ),
]

thorough = settings(
    max_examples=tries(300), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
words = st.sampled_from(WORDS) | st.text(max_size=4)
names = st.lists(words, min_size=1, max_size=6).map(".".join)
forms = st.lists(st.tuples(names, words).map("=".join), max_size=12).map("&".join)


def outcome(body: bytes, query: bytes = b"") -> Call | Fault:
    try:
        return parse(body, query)
    except Fault as fault:
        refusal = fault
    assert 400 <= refusal.status < 500
    assert refusal.code
    assert refusal.message
    return refusal


@thorough
@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_bytes(body: bytes, query: bytes) -> None:
    outcome(body, query)


@thorough
@given(forms)
@example("Action=DescribeVpcs&Filter=1&Filter.1.Name=2")
def test_any_form(form: str) -> None:
    outcome(form.encode(errors="replace"))
    outcome(b"Action=RunInstances&" + form.encode(errors="replace"))


def test_every_beginning_of_a_request() -> None:
    assert isinstance(outcome(TYPICAL), Call)
    outcomes = [outcome(TYPICAL[:size]) for size in range(len(TYPICAL))]
    assert sum(isinstance(one, Fault) for one in outcomes) > 100


@thorough
@given(st.integers(0, len(TYPICAL) - 1), st.integers(0, 255))
def test_a_request_with_one_wrong_byte(position: int, byte: int) -> None:
    outcome(TYPICAL[:position] + bytes([byte]) + TYPICAL[position + 1 :])


@pytest.mark.parametrize(
    "form",
    [
        b"Action=DescribeVpcs&" + b".".join([b"Filter"] * 100_000) + b"=1",
        b"Action=DescribeVpcs&Filter" + b".1" * 500_000 + b"=1",
        b"Action=DescribeVpcs&" + b"&".join(b"Filter.1" + b".1" * 20 + b".%d=1" % n for n in range(16_000)),
        b"Action=DescribeVpcs&" + b"." * 1_000_000,
        b"Action=DescribeVpcs&VpcId.1=" + b"%" * 1_000_000,
        b"Action=DescribeVpcs&VpcId." + b"9" * 1_000_000 + b"=1",
        b"Action=DescribeVpcs&MaxResults=" + b"9" * 1_000_000,
        b"Action=RequestSpotFleet&SpotFleetRequestConfig.FulfilledCapacity=" + b"9" * 900_000,
        b"Action=DescribeSpotPriceHistory&StartTime=2026-01-01T00:00:00." + b"9" * 900_000,
        b"&" * 1_000_000,
        b"=" * 1_000_000,
        b"A" * 1_048_577,
    ],
)
def test_a_hostile_request_is_refused_soon(form: bytes) -> None:
    outcome(b"Action=DescribeVpcs")
    begin = time.process_time()
    assert isinstance(outcome(form), Fault)
    assert time.process_time() - begin < 1.0


@thorough
@given(st.text(max_size=80), st.binary(max_size=60))
def test_any_credentials(header: str, query: bytes) -> None:
    for text in (header, "AWS4-HMAC-SHA256 Credential=" + header):
        with pytest.raises(Fault, match="Authorization"):
            caller({"authorization": text})
    try:
        code = type(caller({}, b"X-Amz-Credential=" + query)).__name__
    except Fault as fault:
        code = fault.code
    assert code in ("Credentials", "MalformedQueryString")


def test_a_hostile_header_is_refused_soon() -> None:
    begin = time.process_time()
    for filler in (" Credential=", " ", ",", "Credential=a/20260101/"):
        with pytest.raises(Fault):
            caller({"authorization": "AWS4-HMAC-SHA256" + filler * 60_000})
    assert time.process_time() - begin < 1.0
