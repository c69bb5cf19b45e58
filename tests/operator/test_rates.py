"""The arithmetic of `elastinet top`: rates between two pages, as EC2 would have them."""

from typing import Any

import pytest

from elastinet.operator.rates import buckets, rates

GIGA = 10**9


def page(
    seconds: float | None, sent: int, *, waited: Any = None, level: float = 100 * GIGA
) -> dict[str, Any]:
    """A page of one instance that has sent so many bytes in frames of 1,000."""
    still = {"bytes": 0, "packets": 0, "allowance_bps": 10 * GIGA, "level_bits": 100 * GIGA, "waited": {}}
    out = still | {"bytes": sent, "packets": sent // 1000, "waited": waited or {}, "level_bits": level}
    one = {"instance": "i-1", "name": "", "type": "c5.large", "directions": {"in": still, "out": out}}
    given = {"baseline_bps": GIGA, "peak_bps": 10 * GIGA, "credit_bits": 200 * GIGA}
    return {"seconds": seconds, "bandwidth_scale": 0.1, "instances": [one | given]}


def test_rates_are_scaled_back() -> None:
    """On a tenth of EC2's bandwidth, 250 MB in two seconds are 10 Gbit/s there."""
    out, received = rates(page(5, 0), page(7, 250_000_000))
    assert (out.direction, received.direction) == ("out", "in")
    assert (out.bps, out.packets_per_second, out.share) == (10 * GIGA, 125_000, 1)
    assert (received.bps, received.share, received.seconds_to_empty) == (0, 0, None)
    assert (out.credits, out.seconds_to_empty) == (0.5, pytest.approx(100 / 9))


def test_credits_last_where_no_more_than_the_baseline_is_used() -> None:
    out, _ = rates(page(0, 0), page(1, 12_500_000))
    assert (out.bps, out.seconds_to_empty) == (GIGA, None)


def test_the_buckets_of_a_moment() -> None:
    found = buckets(page(0, 0), page(1, 25_000_000, level=50 * GIGA))
    out, received = found["i-1"]["out"], found["i-1"]["in"]
    assert (out.bps, out.level_bits, out.seconds_to_empty, out.seconds_to_full) == (
        2 * GIGA,
        50 * GIGA,
        50,
        None,
    )
    assert (received.bps, received.seconds_to_empty, received.seconds_to_full) == (0, None, 100)


def test_the_limit_that_made_wait_most_often_since() -> None:
    before = page(0, 0, waited={"flow": 900, "instance": 5})
    out, received = rates(before, page(1, 0, waited={"flow": 900, "instance": 6}))
    assert (out.binding, received.binding) == ("instance", None)


def test_counters_that_began_anew() -> None:
    out, _ = rates(page(0, 9_000_000), page(1, 1_000_000))
    assert out.bps == 80_000_000


def test_a_new_instance_has_no_rate_yet() -> None:
    out, _ = rates(page(0, 0) | {"instances": []}, page(1, 9_000_000))
    assert out.bps == 0


def test_without_packets_there_are_no_rates() -> None:
    out, _ = rates(page(None, 0), page(None, 0))
    assert (out.bps, out.allowance_bps, out.credits) == (0, 10 * GIGA, 0.5)
