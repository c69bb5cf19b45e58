"""What a bandwidth weighting makes of a type, against the table that EC2's guide publishes."""

import pytest

from elastinet.catalog.ebs_bandwidth import Gbps
from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.settings import Edition, Settings
from elastinet.model.instance import BandwidthWeighting
from elastinet.rules.bandwidth import bandwidth
from elastinet.rules.weighting import has_weighting
from elastinet.rules.weighting import weighted as weighted_card

KINDS = instance_types()
WEIGHTED = [kind for kind in KINDS.values() if kind.words("bandwidth_weightings")]
GUIDE = (
    ("c8a.medium", (0.65, 12.5), (0.438, 10.0)),
    ("c8a.4xlarge", (9.375, 15.0), (6.25, 12.5)),
    ("c8a.48xlarge", (93.75, 93.75), (60.0, 60.0)),
    ("c8g.large", (1.171, 12.5), (0.779, 10.0)),
    ("m8g.24xlarge", (50.0, 50.0), (32.5, 32.5)),
    ("m8g.metal-48xl", (62.5, 62.5), (40.0, 40.0)),
    ("r8i.large", (1.172, 12.5), (0.774, 10.0)),
    ("r8i.8xlarge", (18.75, 18.75), (12.5, 12.5)),
    ("m8i.96xlarge", (125.0, 125.0), (80.0, 80.0)),
    ("x8i.64xlarge", (100.0, 100.0), (62.5, 62.5)),
    ("c8i-flex.large", (0.585, 12.5), (0.389, 10.0)),
    ("c8i-flex.4xlarge", (4.688, 15.0), (3.125, 12.5)),
    ("r8i-flex.8xlarge", (9.375, 18.75), (6.25, 12.5)),
    ("m8i-flex.12xlarge", (14.063, 28.125), (9.375, 18.75)),
    ("m8i-flex.16xlarge", (18.75, 37.5), (12.5, 25.0)),
    ("x8aedz.large", (1.953, 18.75), (1.249, 15.0)),
    ("x8aedz.metal-24xl", (93.75, 93.75), (60.0, 60.0)),
)
"""Baseline and burst under vpc-1 and under ebs-1, in Gbit/s."""


def weighted(kind: InstanceType, weighting: BandwidthWeighting, rules: Edition) -> Gbps:
    """A type's baseline and peak."""
    card = weighted_card(kind, kind.cards[0], weighting, rules)
    assert card.baseline is not None
    assert card.peak is not None
    return Gbps(card.baseline, card.peak)


@pytest.mark.parametrize(("name", "vpc", "ebs"), GUIDE, ids=[row[0] for row in GUIDE])
def test_as_published(name: str, vpc: tuple[float, float], ebs: tuple[float, float]) -> None:
    assert weighted(KINDS[name], "vpc-1", "2026") == pytest.approx(vpc, abs=0.0015)
    assert weighted(KINDS[name], "ebs-1", "2026") == pytest.approx(ebs, abs=0.0015)


def test_the_default_is_the_types_own() -> None:
    for kind in WEIGHTED:
        own = (kind.cards[0].baseline, kind.cards[0].peak)
        assert weighted(kind, "default", "2026") == own
        assert weighted(kind, "vpc-1", "classic") == own


def test_every_type_that_has_them() -> None:
    assert len(WEIGHTED) == 307
    for kind in WEIGHTED:
        least, usual, most = (weighted(kind, w, "2026") for w in ("ebs-1", "default", "vpc-1"))
        assert 0 < least.baseline < usual.baseline < most.baseline
        assert 0 < least.peak < usual.peak <= most.peak
        assert all(rates.baseline <= rates.peak for rates in (least, usual, most))


def test_the_border_goes_with_the_baseline() -> None:
    """The guide's example: 40 Gbps become 50, and 20 through an internet gateway 25."""
    kind, settings = KINDS["m8g.24xlarge"], Settings(rules="2026")
    for weighting, whole, border in (("default", 40, 20), ("vpc-1", 50, 25), ("ebs-1", 32.5, 16.25)):
        given = bandwidth(kind, "ena", settings, weighting)  # type: ignore[arg-type]
        assert (given.aggregate.baseline / 1e9, given.gateway_bps / 1e9) == (whole, border)


@pytest.mark.parametrize("weighting", ["vpc-1", "ebs-1"])
def test_other_types_have_only_the_default(weighting: BandwidthWeighting) -> None:
    kind = KINDS["m7i.large"]
    assert has_weighting(kind, "default")
    assert not has_weighting(kind, weighting)
    assert weighted(kind, weighting, "2026") == (0.781, 12.5)
