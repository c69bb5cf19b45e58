"""Max-min fair shares and buckets of credits, against laws and against a simulator in small steps."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.forecast.simulator import Flow, SimulatedRun, fair, simulate
from elastinet.rules.allowances import Allowance, AllowanceUnit

KEYS = "abcd"
C5_XLARGE = Allowance(1250 * 10**6, 10**10, 5250 * 10**9)


def flat(bps: int) -> Allowance:
    return Allowance(bps, bps)


def flat_packets(pps: int) -> Allowance:
    return Allowance(pps, pps, unit=AllowanceUnit.PACKETS)


def rates(run: SimulatedRun, flow: int = 0) -> list[tuple[float, float]]:
    """When each piece begins, and what a flow has then."""
    return [(piece.begin_s, piece.shares[flow].bps) for piece in run.pieces]


def test_credits_run_out() -> None:
    run = simulate([Flow(("a",), 4, 5e9)], {"a": C5_XLARGE}, 3600)
    assert rates(run) == [(0, 10e9), (600, 1.25e9)]
    assert (run.end_s, run.levels) == (3600, {"a": 0})


def test_credits_come_back_below_the_baseline_and_stop_at_full() -> None:
    flows = [
        Flow(("a",), end_s=600),
        Flow(("a",), limit_bps=0.25e9, begin_s=600, end_s=6600),
        Flow(("a",), begin_s=6600),
    ]
    run = simulate(flows, {"a": C5_XLARGE}, 8000)
    assert [piece.levels["a"] for piece in run.pieces][:2] == [5250e9, 0]
    assert run.pieces[2].begin_s == 600 + 5250
    assert [piece.levels["a"] for piece in run.pieces][2:4] == [5250e9, 5250e9]
    assert rates(run, 2)[-2:] == [(6600, 10e9), (7200, 1.25e9)]


def test_at_the_baseline_nothing_is_spent() -> None:
    run = simulate([Flow(("a",), limit_bps=1.25e9)], {"a": C5_XLARGE}, 1e6, {"a": 1e12})
    assert rates(run) == [(0, 1.25e9)]
    assert run.levels == {"a": 1e12}


def test_two_share_and_one_ends() -> None:
    flows = [Flow(("a",), bits=10e9), Flow(("a",), bits=20e9)]
    run = simulate(flows, {"a": flat(10**9)}, 1000)
    assert rates(run) == [(0, 0.5e9), (20, 0)]
    assert run.finished_s == (20, 30)
    assert run.end_s == 30


def test_a_flow_that_is_bound_elsewhere_leaves_its_rest_to_the_others() -> None:
    flows = [Flow(("a", "b"), 2), Flow(("a",), 1, 3e9), Flow(("b",))]
    per_bit = [dict.fromkeys(flow.resources, 1.0) for flow in flows]
    shares = fair(flows, [True] * 3, {"a": 10e9, "b": 6e9}, per_bit)
    assert [share.bps for share in shares] == [4e9, 3e9, 2e9]
    assert [share.binding for share in shares] == [("b",), ("flow",), ("b",)]


def test_packets_are_used_up_by_whoever_sends_small_ones() -> None:
    """Two flows of one rate, of 125 and of 1,000 bytes a frame: of 9,000 packets the first takes 8,000."""
    flows = [Flow(("a",), mtu=125 - 14), Flow(("a",), mtu=1000 - 14)]
    run = simulate(flows, {"a": flat_packets(9000)}, 10)
    assert [share.bps for share in run.pieces[0].shares] == pytest.approx([8e6, 8e6])


def test_the_packets_that_one_flow_leaves_are_the_other_s() -> None:
    """The first is held to 1,000 of the 9,000 packets by another limit, in bits."""
    flows = [Flow(("a", "b"), mtu=125 - 14), Flow(("a",), mtu=1000 - 14)]
    resources = {"a": flat_packets(9000), "b": flat(10**6)}
    run = simulate(flows, resources, 10)
    assert [share.bps for share in run.pieces[0].shares] == pytest.approx([1e6, 64e6])
    assert [share.binding for share in run.pieces[0].shares] == [("b",), ("a",)]


def test_credits_in_packets() -> None:
    """1,000 packets a second for ever, 3,000 while 4,000 credits last: two seconds of 3,000 jumbo frames."""
    allowance = Allowance(1000, 3000, 4000, AllowanceUnit.PACKETS)
    bits = (9001 + 14) * 8
    run = simulate([Flow(("a",))], {"a": allowance}, 10)
    assert rates(run) == [(0, pytest.approx(3000 * bits)), (pytest.approx(2), pytest.approx(1000 * bits))]
    assert [piece.levels["a"] for piece in run.pieces] == pytest.approx([4000, 0])


allowances = st.builds(
    lambda baseline, more, seconds: Allowance(baseline, baseline + more, more * seconds),
    st.integers(1, 10**10),
    st.just(0) | st.integers(1, 10**10),
    st.integers(1, 3600),
)
moments = st.floats(0, 5000)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Flow], dict[str, Allowance], SimulatedRun]:
    resources = dict(zip(KEYS, draw(st.lists(allowances, min_size=1, max_size=4)), strict=False))
    flow = st.builds(
        lambda keys, number, limit, begin, span, bits: Flow(
            tuple(keys), number, limit, begin, begin + span, bits
        ),
        st.lists(st.sampled_from(sorted(resources)), min_size=1, max_size=4, unique=True),
        st.integers(1, 20),
        st.floats(1e5, 1e10) | st.just(math.inf),
        moments,
        moments.filter(lambda span: span > 0.01) | st.just(math.inf),
        st.floats(1e6, 1e13) | st.just(math.inf),
    )
    flows = draw(st.lists(flow, min_size=1, max_size=4))
    levels = {key: draw(st.floats(0, 1)) * allowance.credits for key, allowance in resources.items()}
    return flows, resources, simulate(flows, resources, 5000, levels)


@given(runs())
def test_nothing_carries_more_than_it_can_and_all_that_send_are_bound(
    made: tuple[list[Flow], dict[str, Allowance], SimulatedRun],
) -> None:
    flows, resources, run = made
    for piece in run.pieces:
        for key, allowance in resources.items():
            used = sum(s.bps for f, s in zip(flows, piece.shares, strict=True) if key in f.resources)
            empty = piece.levels.get(key, 1) == 0
            most = allowance.baseline if empty else allowance.peak
            assert used <= most * (1 + 1e-6)
            if any(key in share.binding for share in piece.shares):
                assert used == pytest.approx(most, rel=1e-6)
        for flow, share in zip(flows, piece.shares, strict=True):
            assert share.bps <= flow.limit_bps * flow.number * (1 + 1e-6)
            assert bool(share.binding) == (share.bps > 0)
            if "flow" in share.binding:
                assert share.bps == pytest.approx(flow.limit_bps * flow.number, rel=1e-6)


@given(runs())
def test_shares_are_max_min_fair(made: tuple[list[Flow], dict[str, Allowance], SimulatedRun]) -> None:
    flows, _, run = made
    for piece in run.pieces:
        each = [share.bps / flow.number for flow, share in zip(flows, piece.shares, strict=True)]
        for number, share in enumerate(piece.shares):
            if share.bps > 0 and "flow" not in share.binding:
                rivals = [each[m] for m, f in enumerate(flows) if set(f.resources) & set(share.binding)]
                assert each[number] >= max(rivals) * (1 - 1e-6)


@given(runs())
def test_buckets_keep_their_books(made: tuple[list[Flow], dict[str, Allowance], SimulatedRun]) -> None:
    flows, resources, run = made
    ends = [*run.pieces[1:], None]
    for piece, after in zip(run.pieces, ends, strict=True):
        span = (after.begin_s if after else run.end_s) - piece.begin_s
        later = after.levels if after else run.levels
        for key, level in piece.levels.items():
            allowance = resources[key]
            used = sum(s.bps for f, s in zip(flows, piece.shares, strict=True) if key in f.resources)
            expected = level + (allowance.baseline - used) * span
            assert 0 <= later[key] <= allowance.credits
            slack = 1e-6 * allowance.credits + 1e-6 * allowance.peak * span
            assert later[key] == pytest.approx(min(max(expected, 0), allowance.credits), abs=slack)


@given(runs())
def test_what_was_to_be_sent_is_sent(made: tuple[list[Flow], dict[str, Allowance], SimulatedRun]) -> None:
    flows, _, run = made
    times = [piece.begin_s for piece in run.pieces] + [run.end_s]
    assert times == sorted(times)
    spans = [end - begin for begin, end in itertools.pairwise(times)]
    for place, flow in enumerate(flows):
        sent = sum(piece.shares[place].bps * span for piece, span in zip(run.pieces, spans, strict=True))
        if run.finished_s[place] is not None:
            assert sent == pytest.approx(flow.bits, rel=1e-6)
        else:
            assert sent <= flow.bits * (1 + 1e-6)
        sends = [piece.begin_s for piece in run.pieces if piece.shares[place].bps > 0]
        assert all(flow.begin_s <= begin < flow.end_s for begin in sends)


@given(allowances, st.floats(1e6, 2e10), st.floats(0, 1))
def test_a_bucket_in_closed_form(allowance: Allowance, wanted: float, level: float) -> None:
    start = level * allowance.credits
    run = simulate([Flow(("a",), limit_bps=wanted)], {"a": allowance}, 4000, {"a": start})
    peak, baseline = min(wanted, allowance.peak), min(wanted, allowance.baseline)
    spent = peak - allowance.baseline
    seconds = min(start / spent, 4000) if spent > 0 else 4000
    total = peak * seconds + baseline * (4000 - seconds)
    times = [*(piece.begin_s for piece in run.pieces), run.end_s]
    sent = sum(rate * (end - begin) for (begin, rate), end in zip(rates(run), times[1:], strict=True))
    assert sent == pytest.approx(total, rel=1e-6)
