"""Collectives: the laws that every prediction keeps, the formulas of the sheet, and what cannot be asked."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.catalog.accelerators import ACCELERATORS
from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.settings import Settings
from elastinet.forecast.collectives import (
    BadCollective,
    CollectivePrediction,
    CollectiveQuery,
    predict_collective,
)
from elastinet.forecast.type_pairs import BadPair, type_pair
from elastinet.rules.collectives import ALGORITHMS
from elastinet.rules.path_limits import Traffic

GIB = 2**30
TODAY = Settings(rules="2026")
LARGE = 16 * GIB
WITH_EFA = sorted(kind.name for kind in instance_types().values() if kind.flag("efa_supported"))
COLLECTIVES = sorted(ALGORITHMS)
SIZES = st.integers(1, 2**40)


def predicted(*words: Any, settings: Settings = TODAY, **more: Any) -> CollectivePrediction:
    return predict_collective(CollectiveQuery(*words, **more), settings)[0]


def wire(kind: str, transport: Any = "efa", flows: int = 1, settings: Settings = TODAY) -> float:
    """What an instance sends to others of its type, in bytes of data a second."""
    limits = type_pair(kind, kind, Traffic(transport, flows), settings=settings)
    return limits.bps * limits.goodput / 8


@st.composite
def asked(draw: st.DrawFn) -> CollectiveQuery:
    collective = draw(st.sampled_from(COLLECTIVES))
    alone = collective == "pingpong"
    kind = draw(st.sampled_from(WITH_EFA))
    known = ACCELERATORS.get(kind)
    ranks = st.sampled_from((1, known.number)) if known else st.integers(1, 16)
    return CollectiveQuery(
        collective,
        draw(SIZES),
        kind,
        2 if alone else draw(st.integers(2, 600)),
        draw(st.sampled_from(["efa", "tcp"])),
        ranks_each=1 if alone else draw(ranks),
    )


@given(asked(), SIZES)
def test_more_bytes_never_take_less(one: CollectiveQuery, size: int) -> None:
    less, more = sorted((one.size, size))
    times = [
        {p.algorithm: p.seconds for p in predict_collective(one._replace(size=s), TODAY)}
        for s in (less, more)
    ]
    assert all(times[0][name] <= times[1][name] * (1 + 1e-9) for name in times[0])


@given(asked())
def test_the_chosen_algorithm_is_the_fastest(one: CollectiveQuery) -> None:
    first, *others = predict_collective(one, TODAY)
    assert {first.algorithm, *(p.algorithm for p in others)} == set(ALGORITHMS[one.collective])
    for name in ALGORITHMS[one.collective]:
        (named,) = predict_collective(one._replace(algorithm=name), TODAY)
        assert named in (first, *others)
        assert first.seconds <= named.seconds


@given(asked())
def test_no_instance_sends_more_than_its_wire(one: CollectiveQuery) -> None:
    """What must leave each instance, whatever the algorithm, takes its time on the wire."""
    part = (one.instances - 1) / one.instances
    border = {
        "allreduce": 2 * part,
        "reducescatter": part,
        "allgather": part,
        "alltoall": (one.ranks_each or 1) * part,
        "broadcast": 1,
        "reduce": 1,
        "pingpong": 1,
    }[one.collective]
    rate = wire(one.kind, one.transport, 10_000)
    for found in predict_collective(one, TODAY):
        assert found.seconds * rate >= border * one.size * (1 - 1e-9)


@given(asked())
def test_a_ring_s_bus_is_never_wider_than_the_wire(one: CollectiveQuery) -> None:
    for found in predict_collective(one, TODAY):
        if found.algorithm == "ring":
            assert found.busbw <= wire(one.kind, one.transport, 10_000) * (1 + 1e-9)


@given(st.sampled_from(WITH_EFA), st.sampled_from(COLLECTIVES), st.sampled_from(["classic", "2026"]))
def test_large_collectives_are_never_slower_over_efa(kind: str, collective: Any, rules: Any) -> None:
    settings = Settings(rules=rules)
    times = [
        predicted(collective, LARGE, kind, 2, transport, settings=settings).seconds
        for transport in ("efa", "tcp")
    ]
    assert times[0] <= times[1]


@pytest.mark.parametrize("kind", ["hpc6a.48xlarge", "c5n.18xlarge"])
def test_an_endless_ring(kind: str) -> None:
    """With ever more ranks a ring takes 2S/B, and latencies in proportion to the ranks."""
    found = predicted("allreduce", 1e15, kind, 100_000, algorithm="ring")
    latency, network, _ = found.parts
    assert network.seconds == pytest.approx(2e15 / wire(kind), rel=1e-4)
    assert latency.seconds == pytest.approx(2 * 99_999 * 15.5e-6)
    assert found.seconds == latency.seconds + network.seconds


@pytest.mark.parametrize("number", [2, 3, 4, 5, 16, 100])
def test_the_sheet_s_formulas(number: int) -> None:
    """Section 9.3, with a rank on each instance: latency of a message, and bytes over a bandwidth."""
    kind, alpha = "c5n.18xlarge", 15.5e-6
    beta, log = 1 / wire(kind), math.ceil(math.log2(number))
    part = (number - 1) / number
    expected = {
        ("allreduce", "ring"): 2 * (number - 1) * alpha + 2 * part * GIB * beta,
        ("allreduce", "recursive-doubling"): log * (alpha + GIB * beta),
        ("allgather", "ring"): (number - 1) * alpha + part * GIB * beta,
        ("reducescatter", "ring"): (number - 1) * alpha + part * GIB * beta,
        ("alltoall", "pairwise"): (number - 1) * alpha + part * GIB * beta,
        ("broadcast", "tree"): log * (alpha + GIB * beta),
        ("reduce", "tree"): log * (alpha + GIB * beta),
        ("broadcast", "ring"): (number - 1) * alpha + GIB * beta,
    }
    for (collective, algorithm), seconds in expected.items():
        found = predicted(collective, GIB, kind, number, algorithm=algorithm)
        assert found.seconds == pytest.approx(seconds), (collective, algorithm)
    factors = {"allreduce": 2 * part, "allgather": part, "alltoall": part, "broadcast": 1}
    for collective, factor in factors.items():
        found = predicted(collective, GIB, kind, number)
        assert found.algbw == pytest.approx(GIB / found.seconds)
        assert found.busbw == pytest.approx(factor * found.algbw)


def test_a_ping_pong() -> None:
    found = predicted("pingpong", 1, "c5n.18xlarge", 2)
    assert (found.algorithm, found.ranks, found.binding.name) == ("direct", 2, "latency")
    assert found.seconds == pytest.approx(15.5e-6, rel=1e-3)
    assert predicted("pingpong", 1, "c5n.18xlarge", 2, "tcp").seconds == pytest.approx(27.5e-6, rel=1e-3)
    assert predicted("pingpong", GIB, "p5.48xlarge", 2).algbw == pytest.approx(wire("p5.48xlarge"), rel=0.03)


def test_what_binds() -> None:
    assert predicted("allreduce", 8, "c5n.18xlarge", 4).binding.name == "latency"
    network = predicted("allreduce", LARGE, "p4d.24xlarge", 16).binding
    assert (network.name, set(network.by)) == ("network", {"source out", "target in"})
    inside = predicted("allreduce", LARGE, "p5.48xlarge", 2).binding
    assert (inside.name, inside.by) == (
        "inside",
        {"inside": "18 NVLinks of 20.6 GB/s (NVIDIA/nccl, src/graph/topo.h)"},
    )
    assert set(predicted("allreduce", LARGE, "p4d.24xlarge", 16, "tcp").binding.by) == {"flow"}


def test_tcp_goes_by_flows() -> None:
    """A flow for each rank that sends, 5 Gbit/s each, 10 in a cluster group; more flows, as NCCL opens, carry more."""

    def busbw(**more: Any) -> float:
        found = predicted("allreduce", LARGE, "c5n.18xlarge", 4, "tcp", algorithm="ring", **more)
        return found.busbw * 8 / 1e9

    goodput = 8949 / 9015
    assert busbw(ranks_each=1) == pytest.approx(5 * goodput, rel=0.01)
    assert busbw(ranks_each=1, group="cluster") == pytest.approx(10 * goodput, rel=0.01)
    assert busbw(ranks_each=4) == pytest.approx(20 * goodput, rel=0.01)
    assert busbw(ranks_each=4, flows=16) == pytest.approx(100 * goodput, rel=0.01)


def test_credits_are_spent() -> None:
    """A c5.xlarge carries 10 Gbit/s for ten minutes and 1.25 from then on."""
    short, long = (predicted("broadcast", size, "c5.xlarge", 2, flows=4) for size in (1e9, 1e12))
    assert short.busbw == pytest.approx(10e9 / 8 * 8949 / 9015, rel=0.01)
    assert 1.25e9 / 8 < long.busbw < short.busbw / 2


def test_the_editions_have_their_efas() -> None:
    """Classic: one for each instance; 2026: one on each of a p4d's four cards."""
    found = [
        predicted("allreduce", LARGE, "p4d.24xlarge", 8, settings=at).seconds for at in (Settings(), TODAY)
    ]
    assert found[0] / found[1] == pytest.approx(4, rel=0.01)


def test_a_rank_for_each_accelerator() -> None:
    for kind, known in ACCELERATORS.items():
        assert predicted("allreduce", GIB, kind, 3).ranks == 3 * known.number
        assert kind in instance_types()
    assert predicted("allreduce", GIB, "hpc6a.48xlarge", 3).ranks == 3


@pytest.mark.parametrize(
    ("words", "more", "part"),
    [
        (("allreduce", GIB, "t9.large", 2), {}, "there is no instance type t9.large"),
        (("allreduce", GIB, "c5.large", 2, "efa"), {}, "EFA interfaces are not supported on c5.large"),
        (("allreduce", GIB, "c5.large", 1), {}, "2 to 100000 instances, not 1"),
        (("allreduce", GIB, "c5.large", 2), {"ranks_each": 0}, "1 to 1024 ranks, not 0"),
        (("allreduce", GIB, "p4d.24xlarge", 2), {"ranks_each": 7}, "p4d.24xlarge are 1 or 8, not 7"),
        (("allreduce", GIB, "p5.4xlarge", 2), {"ranks_each": 2}, "p5.4xlarge are 1, not 2"),
        (("allgather", GIB, "c5.large", 2), {"algorithm": "tree"}, "ring or recursive-doubling, not by tree"),
        (("pingpong", GIB, "c5.large", 3), {}, "a ping-pong is between two ranks"),
        (("allreduce", GIB, "t3.micro", 2), {"group": "cluster"}, "t3.micro cannot be in a cluster"),
        (("allreduce", 1e18, "t2.nano", 2), {}, "more than a year"),
    ],
)
def test_what_cannot_be(words: tuple[Any, ...], more: dict[str, Any], part: str) -> None:
    with pytest.raises((BadCollective, BadPair), match=part):
        predicted(*words, **more)
