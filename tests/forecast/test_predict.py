"""Predictions of types without instances: the numbers, the arrays, and what cannot be asked."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet import forecast
from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.settings import Settings
from elastinet.forecast.asking import BadQuestion, question
from elastinet.forecast.prediction import Job, predict_together
from elastinet.rules.path_limits import Traffic

ZONE = "us-east-1a"
TODAY = Settings(rules="2026")


def ends(*kinds: str) -> list[str]:
    return [kind if "@" in kind else f"{kind}@{ZONE}" for kind in kinds]


def test_a_short_benchmark_lies() -> None:
    found = forecast.predict(*ends("c5.xlarge", "c5n.18xlarge"), flows=4)
    assert found.times_s == (0, 600, 3600)
    assert found.wire_bps == (10e9, 1.25e9)
    assert found.goodput_bps == pytest.approx((10e9 * 8949 / 9015, 1.25e9 * 8949 / 9015), rel=1e-12)
    assert found.binding == (("source out",), ("source out",))
    assert found.levels == {"source out": (5250e9, 0, 0)}
    assert found.mean_bps * 3600 == pytest.approx(found.data_bytes * 8)


def test_until_it_is_sent() -> None:
    found = forecast.predict(*ends("c5.xlarge", "c5n.18xlarge"), flows=4, data_bytes=1e12)
    assert found.finish_s == found.times_s[-1] == pytest.approx(600 + (8e12 * 9015 / 8949 - 6e12) / 1.25e9)
    assert found.data_bytes == pytest.approx(1e12)


def test_not_sent_in_time() -> None:
    found = forecast.predict(*ends("t2.nano", "c5.large"), data_bytes=1e15, duration_s=60)
    assert (found.finish_s, found.times_s[-1]) == (None, 60)


@pytest.mark.parametrize(
    ("kinds", "more", "expected"),
    [
        (("c5.large", "c5n.18xlarge"), {}, 5),
        (("c5.large", "c5n.18xlarge"), {"group": "cluster"}, 10),
        (("c5n.18xlarge", "c5n.18xlarge"), {"flows": 4, "transport": "mptcp"}, 20),
        (("c5n.18xlarge", "c5n.18xlarge@eu-west-1a"), {"flows": 4}, 5),
        (("c5n.18xlarge", "c5n.18xlarge@eu-west-1a"), {"flows": 4, "settings": TODAY}, 20),
        (("m5.16xlarge", "c5n.18xlarge"), {"flows": 4, "via": "gateway", "settings": TODAY}, 10),
        (("m5.16xlarge", "c5n.18xlarge"), {"flows": 4, "via": "gateway"}, 5),
        (("c5n.18xlarge", "c5n.18xlarge"), {"transport": "efa"}, 100),
        (("p4d.24xlarge", "p4de.24xlarge"), {"transport": "efa"}, 100),
        (("p4d.24xlarge", "p4de.24xlarge"), {"transport": "efa", "settings": TODAY}, 400),
        (("p5.48xlarge", "p5.48xlarge"), {"transport": "efa"}, 100),
        (("p5.48xlarge", "p5.48xlarge"), {"transport": "efa", "settings": TODAY}, 3200),
        (("p6-b200.48xlarge", "p6-b200.48xlarge"), {"transport": "efa", "settings": TODAY}, 3200),
        (("p6-b200.48xlarge", "p6-b200.48xlarge"), {"flows": 999, "settings": TODAY}, 200),
        (("p6-b300.48xlarge", "p6-b300.48xlarge"), {"transport": "efa", "settings": TODAY}, 6400),
        (("c6in.32xlarge", "c6in.32xlarge"), {"transport": "efa", "settings": TODAY}, 200),
        (("g6e.48xlarge", "g6e.48xlarge"), {"transport": "efa", "settings": TODAY}, 400),
        (("m6i.32xlarge", "m6i.32xlarge"), {"express": True, "settings": TODAY}, 25),
        (("m6i.8xlarge", "m6i.32xlarge"), {"express": True, "settings": TODAY}, 12.5),
    ],
)
def test_types(kinds: tuple[str, str], more: dict[str, Any], expected: float) -> None:
    assert forecast.predict(*ends(*kinds), **more).wire_bps[0] == expected * 1e9


@pytest.mark.parametrize(
    ("kinds", "more", "part"),
    [
        (("t9.large", "c5.large"), {}, "no instance type t9.large"),
        (("", "c5.large"), {}, "no instance type without a name"),
        (("c5.large@us-east-1z", "c5.large"), {}, "no zone us-east-1z"),
        (("c5.large@mars", "c5.large"), {}, "no zone mars"),
        (("c5.large", "c5.large"), {"via": "region"}, "are in one region"),
        (("c5.large", "c5.large@eu-west-1a"), {"via": "vpc"}, "two regions"),
        (("c5.large", "c5.large@us-east-1b"), {"group": "cluster"}, "in one zone"),
        (("t3.micro", "c5.large"), {"group": "cluster"}, "t3.micro cannot be in a cluster"),
        (("c5.large", "c5n.18xlarge"), {"transport": "efa"}, "EFA interfaces are not supported on c5.large"),
        (("c5n.18xlarge", "c5n.18xlarge@us-east-1b"), {"transport": "efa"}, "one zone"),
        (("p4de.24xlarge", "p5.48xlarge"), {"transport": "efa"}, "do not talk to each other"),
        (("m6i.32xlarge", "m6i.32xlarge"), {"express": True}, "no ENA Express in the rules of classic"),
        (("m6i.large", "m6i.32xlarge"), {"express": True, "settings": TODAY}, "m6i.large has no ENA Express"),
        (("m6i.32xlarge", "m6i.32xlarge@us-east-1b"), {"express": True, "settings": TODAY}, "of one zone"),
    ],
)
def test_types_that_cannot_be(kinds: tuple[str, str], more: dict[str, Any], part: str) -> None:
    with pytest.raises(forecast.BadPair, match=part):
        forecast.predict(*kinds, **more)


@pytest.mark.parametrize(
    "more",
    [
        {"flows": 0},
        {"flows": -1},
        {"duration_s": 0},
        {"duration_s": -1},
        {"duration_s": float("inf")},
        {"duration_s": float("nan")},
        {"data_bytes": 0},
        {"data_bytes": float("inf")},
        {"data_bytes": float("nan")},
    ],
)
def test_figures_that_cannot_be(more: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"nobody sends|prediction is of|no traffic of"):
        forecast.predict("c5.large", "c5.large", **more)


def test_two_share_a_peering_connection_between_regions() -> None:
    limits = forecast.type_pair(*ends("c5n.18xlarge", "c5n.18xlarge@eu-west-1a"), Traffic("tcp", 4))
    one, other = predict_together([Job(limits), Job(limits, begin_s=10, end_s=20)], 30)
    assert one.wire_bps == (5e9, 2.5e9, 5e9)
    assert other.wire_bps == (0, 2.5e9, 0)
    assert one.binding[1] == ("the peering from source",)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, (1, None, None)),
        ({"flows": "4", "duration": "1h"}, (4, 3600, None)),
        ({"duration": "90"}, (1, 90, None)),
        ({"duration": "1.5 min"}, (1, 90, None)),
        ({"duration": "500ms"}, (1, 0.5, None)),
        ({"bytes": "1TB"}, (1, None, 1e12)),
        ({"bytes": "2 GiB"}, (1, None, 2 * 2**30)),
        ({"bytes": "8Gbit"}, (1, None, 1e9)),
        ({"bytes": "1e6"}, (1, None, 1e6)),
    ],
)
def test_questions(words: dict[str, str], expected: tuple[int, float | None, float | None]) -> None:
    asked = question(**words)
    assert (asked.traffic.flows, asked.duration_s, asked.data_bytes) == expected


@pytest.mark.parametrize(
    "words",
    [
        {"flows": "0"}, {"flows": "-1"}, {"flows": "many"}, {"flows": "1.5"}, {"flows": "100001"}, {"flows": "²"},
        {"flows": ""}, {"flows": "9" * 5000},
        {"duration": "0"}, {"duration": "-1h"}, {"duration": "1y"}, {"duration": "inf"}, {"duration": "400d"},
        {"duration": "nan"}, {"duration": "9" * 5000}, {"duration": "1e999"},
        {"bytes": "0"}, {"bytes": "1XB"}, {"bytes": "TB"}, {"bytes": "1e30"},
        {"udp": True, "mptcp": True},
    ],
)  # fmt: skip
def test_questions_that_cannot_be(words: dict[str, Any]) -> None:
    with pytest.raises(BadQuestion) as why:
        question(**words)
    assert len(str(why.value)) < 120


@given(
    kinds=st.tuples(*[st.sampled_from(sorted(instance_types()))] * 2),
    zone=st.sampled_from(["us-east-1a", "us-east-1b", "eu-west-1a"]),
    transport=st.sampled_from(["tcp", "udp", "mptcp"]),
    flows=st.integers(1, 64),
    public=st.booleans(),
    rules=st.sampled_from(["classic", "2026"]),
)
def test_it_begins_with_the_limits_and_never_gets_better(
    kinds: tuple[str, str], zone: str, transport: Any, flows: int, public: bool, rules: Any
) -> None:
    settings = Settings(rules=rules)
    ends = (f"{kinds[0]}@us-east-1a", f"{kinds[1]}@{zone}")
    via: Any = {"via": "gateway"} if public else {}
    traffic = Traffic(transport, 1, flows) if transport == "mptcp" else Traffic(transport, flows)
    limits = forecast.type_pair(*ends, traffic, settings=settings, **via)
    found = forecast.predict(*ends, flows=flows, transport=transport, settings=settings, **via)
    assert found.wire_bps[0] == pytest.approx(limits.bps, rel=1e-9)
    assert set(found.binding[0]) == {limit.resource for limit in limits.binding}
    assert list(found.wire_bps) == sorted(found.wire_bps, reverse=True)
    assert all(data < wire for data, wire in zip(found.goodput_bps, found.wire_bps, strict=True))
    baselines = [limit.allowance.baseline for limit in limits.shared]
    assert found.wire_bps[-1] >= min(*baselines, limits.bps) * (1 - 1e-9)
    more = forecast.predict(*ends, flows=flows + 1, transport=transport, settings=settings, **via)
    assert more.wire_bps[0] >= found.wire_bps[0] * (1 - 1e-9)
    assert more.data_bytes >= found.data_bytes * (1 - 1e-9)
