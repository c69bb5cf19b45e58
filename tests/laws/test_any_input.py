"""Whatever fits the model's shapes is answered or refused, for every operation: never a fault of our own."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from bad_members import GIVING_ADDRESSES, body, spoilt_requests, valid_requests
from choice import ACCOUNTS, REGION
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operations_strategy import furnish, new_engine
from region_moves import IMAGE

from elastinet.ec2.operations import OPERATIONS
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.store import MemoryJournal
from elastinet.wire.parse import parse
from elastinet.wire.serialise import serialise
from elastinet.wire.service import service_of
from tries import tries

some = settings(
    max_examples=tries(60), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
MOST_MEMBERS = 4
WORDS = (
    *("", "a", "default", "none", "self", "all", "tcp", "udp", "icmp", "icmpv6", "-1", "6", "255", "256"),
    *("0.0.0.0/0", "10.0.0.0/8", "172.31.0.0/20", "172.31.96.0/24", "10.0.0.0/33", "::/0", "fd00::/64"),
    *("172.31.0.0", "172.31.0.4", "172.31.0.200", "198.18.0.1", "169.254.169.254", "256.1.1.1", "::1"),
    *("us-east-1a", "us-east-1f", "use1-az1", "eu-west-1a", "t3.micro", "m5.large", "c6gn.16xlarge"),
    *("vpc-id", "subnet-id", "tag:Name", "instance-state-name", "*", "?", "\\", "[", "aws:x", "true"),
    *("bGlnaHQ=", "%", "\ud7ff", "\U0001f600", "\x00", "x" * 300, "i-0123456789abcdef0", "vpc-12345678"),
    *("2026-01-01", "ssh-rsa AAAA", "disableApiTermination", "instanceType", "groupSet", IMAGE),
)
INTEGERS = (-(2**31), -1, 0, 1, 2, 5, 22, 64, 80, 99, 100, 255, 256, 1000, 1001, 65535, 65536, 2**31 - 1)


def a_journal() -> MemoryJournal:
    """What an engine with a few things writes."""
    journal = MemoryJournal()
    furnish(new_engine(journal))
    return journal


JOURNAL = tuple(a_journal().lines())


def furnished() -> Engine:
    """An engine with a few things; it reads of them, which takes less time than making them."""
    journal = MemoryJournal()
    journal.rewrite(JOURNAL)
    return new_engine(journal)


def ids(engine: Engine) -> list[str]:
    """The ids of all that the first account has, parts of nouns included."""
    nouns = [
        n for kind in engine.state.tables for n in engine.state.where(kind, "scope", (ACCOUNTS[0], REGION))
    ]
    parts = [n.attachment.id for n in nouns if getattr(n, "attachment", None)]
    parts += [a.id for n in nouns for a in getattr(n, "associations", ())]
    return [n.id for n in nouns if "/" not in n.id] + parts


IDS = ids(furnished())
TEXTS = st.sampled_from(IDS) | st.sampled_from(WORDS) | st.text(max_size=6)
SCALARS: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "string": lambda shape: st.sampled_from(shape.enum) if shape.enum else TEXTS,
    "integer": lambda shape: st.sampled_from(INTEGERS).filter(lambda n: fits(shape, n)),
    "long": lambda shape: st.sampled_from(INTEGERS).filter(lambda n: fits(shape, n)),
    "float": lambda _: st.floats(-1e9, 1e9),
    "double": lambda _: st.floats(-1e9, 1e9),
    "boolean": lambda _: st.booleans(),
    "blob": lambda _: st.binary(max_size=12),
    "timestamp": lambda _: st.datetimes(),
}


def fits(shape: Any, number: int) -> bool:
    return (shape.min is None or shape.min <= number) and (shape.max is None or number <= shape.max)


@cache  # Hypothesis looks at each strategy anew, however alike they are
def inputs(shape: Any) -> st.SearchStrategy[Any]:
    """Values of a shape; texts are often ids of what is there, or words that mean something."""
    if shape.type_name == "structure":
        optional = [name for name in shape.members if name not in shape.required_members]
        names = st.lists(st.sampled_from(optional), unique=True, max_size=MOST_MEMBERS)
        return structures(shape, names if optional else st.just([]))
    if shape.type_name == "list":
        return st.lists(inputs(shape.member), min_size=1, max_size=2)
    return SCALARS[shape.type_name](shape)


@cache
def requests(action: str) -> st.SearchStrategy[dict[str, Any]]:
    """What an operation takes."""
    service = service_of(action)
    assert service is not None
    shape = service.input_shape(action)
    return inputs(shape) if shape else st.builds(dict)


@st.composite
def structures(draw: Any, shape: Any, chosen: st.SearchStrategy[list[str]]) -> dict[str, Any]:
    """Structures with what they require, and some of the rest."""
    return {name: draw(inputs(shape.members[name])) for name in (*shape.required_members, *draw(chosen))}


@pytest.mark.parametrize("action", sorted(OPERATIONS))
@some
@given(data=st.data())
def test_any_input(action: str, data: st.DataObject) -> None:
    params = data.draw(requests(action))
    dry_run = params.pop("DryRun", False)
    assert outcome(action, params, dry_run) < 500


def outcome(action: str, params: dict[str, Any], dry_run: bool) -> int:
    """The HTTP status of a call; raises whatever would be a fault of our own."""
    try:
        answer = furnished().call(ACCOUNTS[0], REGION, action, params, dry_run=dry_run)
    except Fault as fault:
        return fault.status
    serialise(action, answer or {}, "request")
    return 200


@pytest.mark.parametrize("action", GIVING_ADDRESSES)
@some
@given(data=st.data())
def test_the_requests_to_be_spoilt_are_valid(action: str, data: st.DataObject) -> None:
    engine = furnished()
    assert sent(engine, action, data.draw(valid_requests(action, engine))) == 200


@pytest.mark.parametrize("action", GIVING_ADDRESSES)
@settings(some, max_examples=tries(400))
@given(data=st.data())
def test_one_bad_member(action: str, data: st.DataObject) -> None:
    engine = furnished()
    before, written = nouns(engine), list(engine.journal.lines())
    status = sent(engine, action, data.draw(spoilt_requests(action, engine)))
    assert status < 500
    if status == 200:
        assert_one_holder_each(engine)
    else:
        assert (nouns(engine), list(engine.journal.lines())) == (before, written)


def sent(engine: Engine, action: str, params: dict[str, Any]) -> int:
    """The HTTP status of a request by the wire, whose form may carry values of any type."""
    try:
        call = parse(body(action, params))
        serialise(action, engine.call(ACCOUNTS[0], REGION, action, call.params) or {}, "request")
    except Fault as fault:
        return fault.status
    return 200


def nouns(engine: Engine) -> list[Any]:
    """All that an engine knows."""
    return [noun for kind in engine.state.tables for noun in engine.state.all(kind)]


def assert_one_holder_each(engine: Engine) -> None:
    """Each address of a subnet and each prefix of a VPC is one interface's, once."""
    held = Counter(
        (interface.subnet_id if "/" not in text else interface.vpc_id, text)
        for interface in engine.state.all(NetworkInterface)
        for text in interface.own_addresses
    )
    assert max(held.values()) == 1
