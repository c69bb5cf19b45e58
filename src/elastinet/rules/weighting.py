"""A type's bandwidth under a bandwidth weighting (EC2's guide, configure-bandwidth-weighting).

The option has a quarter more of its own baseline, and the other loses as much of its baseline and of its
peak: under `ebs-1` the network loses a quarter of what EBS has. The peak of the option itself stays, but for
flexible types from 8xlarge on, whose peak is always twice the baseline.
"""

from msgspec.structs import replace

from elastinet.catalog.ebs_bandwidth import EBS_BANDWIDTH, Gbps
from elastinet.catalog.editions import EDITIONS
from elastinet.catalog.instance_types import Card, InstanceType
from elastinet.catalog.settings import Edition
from elastinet.model.instance import BandwidthWeighting, Instance

UNPUBLISHED_EBS = 2 / 3
"""EBS's share of the network's bandwidth for sizes without a figure in the guide; most sizes' [inferred]."""


def is_known(edition: Edition) -> bool:
    """True if an edition of the rules has bandwidth weightings."""
    return EDITIONS[edition].weighting_share is not None


def has_weighting(kind: InstanceType, weighting: BandwidthWeighting) -> bool:
    """True if a type supports a weighting; all support the default."""
    return weighting == "default" or weighting in kind.words("bandwidth_weightings")


def weighting_of(instance: Instance, edition: Edition) -> BandwidthWeighting:
    """The weighting that is in force: none but the default in an edition that knows of none."""
    return instance.bandwidth_weighting if is_known(edition) else "default"


def weighted(kind: InstanceType, card: Card, weighting: BandwidthWeighting, edition: Edition) -> Card:
    """A card of a type under a weighting; no type with several cards has any but the default."""
    share = EDITIONS[edition].weighting_share
    if share is None or weighting == "default" or not has_weighting(kind, weighting):
        return card
    assert card.baseline is not None, kind.name
    assert card.peak is not None, kind.name
    usual = Gbps(card.baseline, card.peak)
    given = _favoured(kind, usual, share.value) if weighting == "vpc-1" else _rest(kind, usual, share.value)
    return replace(card, baseline=given.baseline, peak=given.peak)


def _rest(kind: InstanceType, usual: Gbps, share: float) -> Gbps:
    ebs = _ebs(kind, usual)
    return Gbps(usual.baseline - share * ebs.baseline, usual.peak - share * ebs.peak)


def _favoured(kind: InstanceType, usual: Gbps, share: float) -> Gbps:
    baseline = usual.baseline * (1 + share)
    is_large_flex = "-flex." in kind.name and usual.peak == 2 * usual.baseline
    return Gbps(baseline, usual.peak * (1 + share) if is_large_flex else max(usual.peak, baseline))


def _ebs(kind: InstanceType, usual: Gbps) -> Gbps:
    family, _, size = kind.name.partition(".")
    found = EBS_BANDWIDTH.get(family, {}).get(size)
    return found or Gbps(usual.baseline * UNPUBLISHED_EBS, usual.peak * UNPUBLISHED_EBS)
