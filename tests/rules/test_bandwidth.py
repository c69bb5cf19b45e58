"""What every type is given, by edition, driver and settings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.settings import Settings
from elastinet.rules.bandwidth import Bandwidth, bandwidth
from elastinet.rules.devices import driver_of

KINDS = instance_types()
CLASSIC, TODAY = Settings(), Settings(rules="2026")
GIGA = 10**9


def of(
    name: str, settings: Settings = CLASSIC, *, ena: bool = True, sriov: str | None = "simple"
) -> Bandwidth:
    driver = driver_of(KINDS[name], ena_support=ena, sriov_net_support=sriov)
    return bandwidth(KINDS[name], driver, settings)


@pytest.mark.parametrize(
    ("name", "baseline", "peak"),
    [
        ("t2.micro", 0.064, 1.024),
        ("t3.nano", 0.032, 5),
        ("c5.large", 0.75, 10),
        ("c5.xlarge", 1.25, 10),
        ("c5.9xlarge", 12, 12),
        ("r4.8xlarge", 12, 12),
        ("m4.large", 0.45, 1.2),
        ("c3.8xlarge", 5, 10),
        ("c5n.18xlarge", 100, 100),
        ("p4d.24xlarge", 400, 400),
    ],
)
def test_figures_of_the_facts_sheet(name: str, baseline: float, peak: float) -> None:
    for settings in (CLASSIC, TODAY):
        found = of(name, settings).aggregate
        assert (found.baseline, found.peak) == (round(baseline * GIGA), round(peak * GIGA))


def test_c5_xlarge_has_the_bucket_of_the_facts_sheet() -> None:
    found = of("c5.xlarge").aggregate
    assert found.credits == 5250 * GIGA
    assert (found.burst_seconds, found.refill_seconds) == (600, 4200)


def test_every_type_of_every_edition_has_figures() -> None:
    burst = 0
    for settings, name in itertools.product((CLASSIC, TODAY), KINDS):
        found = of(name, settings)
        for allowance in (found.aggregate, *found.cards):
            assert 0 < allowance.baseline <= allowance.peak
            assert allowance.has_credits == (allowance.baseline < allowance.peak)
        assert found.gateway_bps <= found.aggregate.peak <= (sum(c.peak for c in found.cards) or 10**15)
        assert bool(found.cards) == (len(KINDS[name].cards) > 1)
        burst += found.aggregate.has_credits
    assert burst == 2 * 625


@pytest.mark.parametrize(
    ("name", "classic", "today"),
    [
        ("c6in.32xlarge", 200, 200),
        ("g6e.48xlarge", 400, 400),
        ("c8gn.48xlarge", 200, 600),
        ("c6in.24xlarge", 100, 150),
    ],
)
def test_cards_share_what_is_stated_and_each_has_the_ceiling_of_ena(
    name: str, classic: int, today: int
) -> None:
    for settings, expected in ((CLASSIC, classic), (TODAY, today)):
        assert of(name, settings).aggregate.peak == expected * GIGA


def test_one_card_of_two_is_less_than_the_whole() -> None:
    assert [card.peak for card in of("c6in.32xlarge", TODAY).cards] == [170 * GIGA] * 2


@pytest.mark.parametrize(
    ("name", "ena", "sriov", "ceiling"),
    [
        ("c3.8xlarge", True, "simple", 10),
        ("c3.8xlarge", True, None, None),
        ("t2.micro", True, "simple", None),
        ("m4.16xlarge", True, None, 100),
        ("m4.16xlarge", False, None, None),
    ],
)
def test_the_ceiling_follows_the_driver(name: str, ena: bool, sriov: str | None, ceiling: int | None) -> None:
    nic = of(name, ena=ena, sriov=sriov).nic
    assert (nic and nic.value) == (ceiling and ceiling * GIGA)


@pytest.mark.parametrize(
    ("name", "classic", "today"),
    [
        ("t2.micro", 1.024, 1.024),
        ("c5.4xlarge", 5, 5),
        ("m5.8xlarge", 5, 5),
        ("m5.16xlarge", 5, 10),
        ("c5n.18xlarge", 5, 50),
        ("c8i-flex.16xlarge", 5, 7.5),
    ],
)
def test_through_an_internet_gateway(name: str, classic: float, today: float) -> None:
    assert of(name, CLASSIC).gateway_bps == classic * GIGA
    assert of(name, TODAY).gateway_bps == today * GIGA


def test_minutes_of_credits_by_type_before_family_before_all() -> None:
    settings = Settings(credit_minutes=20, credits={"c5": 30, "c5.xlarge": 60})
    minutes = [
        of(name, settings).aggregate.burst_seconds / 60 for name in ("m5.large", "c5.large", "c5.xlarge")
    ]
    assert minutes == [20, 30, 60]


@given(
    name=st.sampled_from(sorted(KINDS)),
    minutes=st.floats(5, 60),
    more=st.floats(0, 55),
    scale=st.floats(0.01, 1000),
)
def test_laws_of_credits(name: str, minutes: float, more: float, scale: float) -> None:
    settings = Settings(credit_minutes=minutes, credit_time_scale=scale)
    found = of(name, settings).aggregate
    baseline, peak = found.baseline, found.peak
    assert found.credits == pytest.approx((peak - baseline) * minutes * 60 / scale, abs=1, rel=1e-12)
    if found.has_credits:
        assert found.burst_seconds == pytest.approx(minutes * 60 / scale, rel=1e-3)
        assert found.refill_seconds == pytest.approx(
            found.burst_seconds * (peak - baseline) / baseline, rel=1e-3
        )
    longer = of(name, Settings(credit_minutes=minutes + more, credit_time_scale=scale)).aggregate
    assert longer.credits >= found.credits
    assert (longer.baseline, longer.peak) == (baseline, peak)
