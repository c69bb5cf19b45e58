"""The wire's law: what botocore writes we read, and what we write botocore reads, for every operation."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastinet.wire.parse import Call, parse
from elastinet.wire.serialise import serialise
from elastinet.wire.service import service

MODEL = ServiceModel(Loader().load_service_model("ec2", "service-2"), "ec2")
SERIALIZER = create_serializer("ec2")
PARSER = create_parser("ec2")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEEPEST = 24  # no shape is as deep; a shape that contains itself ends here
MOST_MEMBERS = 5
REQUEST_ID = "5e3ad6b0-5c5b-4f2f-9ab6-0d2f8d1a7c11"

OPERATIONS = sorted(MODEL.operation_names)
TOGETHER = 32
"""So many operations are one test: pytest does more for a test than a law does for an operation."""


@pytest.fixture(params=range(0, len(OPERATIONS), TOGETHER), ids=lambda first: OPERATIONS[first])
def actions(request: pytest.FixtureRequest) -> list[str]:
    """Operations, from the named one on."""
    return OPERATIONS[request.param : request.param + TOGETHER]


in_turn = pytest.mark.in_turn(3)
few_examples = settings(
    max_examples=3, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


# What the protocol can carry, as strategies.


def _strings(shape: Any, is_request: bool) -> st.SearchStrategy[str]:
    if shape.enum and is_request:
        return st.sampled_from(shape.enum)
    fewest = shape.metadata.get("min", 0)
    most = min(shape.metadata.get("max", fewest + 12), fewest + 12)
    # XML has no way to say these; test_serialise.py shows what becomes of them.
    without = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    alphabet = st.characters(exclude_categories=["Cs"]) if is_request else without | st.sampled_from("\t\n\r")
    return st.text(alphabet, min_size=fewest, max_size=most)


def _integers(shape: Any, bits: int) -> st.SearchStrategy[int]:
    lowest = shape.metadata.get("min", -(2 ** (bits - 1)))
    return st.integers(lowest, shape.metadata.get("max", 2 ** (bits - 1) - 1))


def _floats(shape: Any) -> st.SearchStrategy[float]:
    bounds = shape.metadata.get("min"), shape.metadata.get("max")
    return st.floats(*bounds, allow_nan=False, allow_infinity=False)


def _times(tick: timedelta) -> st.SearchStrategy[datetime]:
    return st.integers(0, 2**31 * 1000).map(lambda ticks: EPOCH + ticks * tick)


def _scalars(shape: Any, is_request: bool) -> st.SearchStrategy[Any]:
    tick = timedelta(microseconds=1 if is_request else 1000)
    by_type = {
        "string": lambda: _strings(shape, is_request),
        "integer": lambda: _integers(shape, 32),
        "long": lambda: _integers(shape, 64),
        "float": lambda: _floats(shape),
        "double": lambda: _floats(shape),
        "boolean": st.booleans,
        "blob": lambda: st.binary(max_size=12),
        "timestamp": lambda: _times(tick),
    }
    return by_type[shape.type_name]()


def _structure(draw: Any, shape: Any, is_request: bool, depth: int) -> dict[str, Any]:
    optional = [name for name in shape.members if name not in shape.required_members]
    # A request has no way to say "an empty structure".
    fewest = 1 if is_request and depth and optional and not shape.required_members else 0
    some = st.lists(st.sampled_from(optional), unique=True, min_size=fewest, max_size=MOST_MEMBERS)
    chosen = draw(some) if optional else []
    names = [*shape.required_members, *chosen]
    return {name: _draw(draw, shape.members[name], is_request, depth + 1) for name in names}


def _list(draw: Any, shape: Any, is_request: bool, depth: int) -> list[Any]:
    fewest = max(shape.metadata.get("min", 0), 1 if is_request else 0)
    size = draw(st.integers(fewest, max(fewest, 2)))
    return [_draw(draw, shape.member, is_request, depth + 1) for _ in range(size)]


def _draw(draw: Any, shape: Any, is_request: bool, depth: int = 0) -> Any:
    assert depth < DEEPEST, "the model has a shape that contains itself: bound it here"
    if shape.type_name == "structure":
        return _structure(draw, shape, is_request, depth)
    if shape.type_name == "list":
        return _list(draw, shape, is_request, depth)
    return draw(_scalars(shape, is_request))


@st.composite
def values(draw: Any, shape: Any, is_request: bool) -> Any:
    return _draw(draw, shape, is_request)


# One value that has every member, all strings and numbers different.


def _full_scalar(shape: Any, number: int) -> Any:
    lowest = int(shape.metadata.get("min", 0))
    choices = getattr(shape, "enum", None) or [f"s{number}".ljust(lowest, "x")]
    by_type = {
        "string": choices[number % len(choices)],
        "boolean": number % 2 == 0,
        "blob": b"b%d" % number,
        "timestamp": EPOCH + timedelta(days=number, milliseconds=number),
        "float": number + 0.25,
        "double": min(number + 0.25, shape.metadata.get("max", 1e9)),
    }
    number = lowest + number % (shape.metadata.get("max", 2**31 - 1) - lowest + 1)
    return by_type.get(shape.type_name, number)


def full(shape: Any, numbers: Any) -> Any:
    if shape.type_name == "structure":
        return {name: full(member, numbers) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [full(shape.member, numbers) for _ in range(max(2, shape.metadata.get("min", 0)))]
    return _full_scalar(shape, next(numbers))


# The law.


def _sent_by_botocore(action: str, params: dict[str, Any]) -> bytes:
    request = SERIALIZER.serialize_to_request(params, MODEL.operation_model(action))
    body = AWSRequest("POST", "http://localhost/", data=request["body"]).prepare().body
    return body.encode() if isinstance(body, str) else body


def _check_request(action: str, params: dict[str, Any]) -> None:
    dry_run = params.get("DryRun", False)
    expected = {name: value for name, value in params.items() if name != "DryRun"}
    assert parse(_sent_by_botocore(action, params)) == Call(action, expected, dry_run, "2016-11-15")


def _check_answer(action: str, output: dict[str, Any]) -> None:
    document = serialise(action, output, REQUEST_ID)
    response = {"status_code": 200, "headers": {}, "body": document}
    read = PARSER.parse(response, MODEL.operation_model(action).output_shape)
    assert read.pop("ResponseMetadata")["RequestId"] == REQUEST_ID
    assert read == output


def test_the_table_of_operations_is_the_models() -> None:
    assert service().actions == set(MODEL.operation_names)
    assert len(service().actions) > 800


@in_turn
def test_a_request_with_every_member_is_read_as_sent(actions: list[str]) -> None:
    for action in actions:
        _check_request(action, full(MODEL.operation_model(action).input_shape, itertools.count()))


@in_turn
def test_any_request_is_read_as_sent(actions: list[str]) -> None:
    @few_examples
    @given(data=st.data())
    def holds(action: str, data: st.DataObject) -> None:
        shape = MODEL.operation_model(action).input_shape
        _check_request(action, data.draw(values(shape, is_request=True)))

    for action in actions:
        holds(action)


@in_turn
def test_an_answer_with_every_member_is_read_as_written(actions: list[str]) -> None:
    for action in actions:
        shape = MODEL.operation_model(action).output_shape
        _check_answer(action, full(shape, itertools.count()) if shape else {})


@in_turn
def test_any_answer_is_read_as_written(actions: list[str]) -> None:
    @few_examples
    @given(data=st.data())
    def holds(action: str, data: st.DataObject) -> None:
        shape = MODEL.operation_model(action).output_shape
        _check_answer(action, data.draw(values(shape, is_request=False)) if shape else {})

    for action in actions:
        holds(action)
