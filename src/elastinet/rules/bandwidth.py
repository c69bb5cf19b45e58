"""Bandwidth of instances: baseline, peak and network I/O credits (facts sheet, section 8).

All in bits a second, in each direction, as EC2 has it: `bandwidth_scale` is not applied here.
"""

from typing import NamedTuple

from elastinet.catalog.editions import EDITIONS, EditionFigures, Figure
from elastinet.catalog.instance_types import Card, InstanceType, instance_types
from elastinet.catalog.settings import Settings
from elastinet.model.instance import BandwidthWeighting, Instance
from elastinet.rules.allowances import Allowance
from elastinet.rules.devices import Driver, device
from elastinet.rules.placement.capacity import family
from elastinet.rules.weighting import weighted, weighting_of

GIGA = 1_000_000_000
BaselineAndPeak = tuple[int, int]
"""A baseline and a peak."""


class Bandwidth(NamedTuple):
    """Limits of an instance: in all, by network card if it has several, through an internet gateway.

    `nic` is the limit of each of its cards, by the driver.
    """

    aggregate: Allowance
    cards: tuple[Allowance, ...]
    gateway_bps: int
    nic: Figure | None


def of_instance(instance: Instance, settings: Settings) -> Bandwidth:
    """The bandwidth of an instance by its type, device and weighting, in the edition of the settings."""
    kind = instance_types()[instance.instance_type]
    weighting = weighting_of(instance, settings.rules)
    return bandwidth(kind, device(instance).driver, settings, weighting)


def bandwidth(
    kind: InstanceType, driver: Driver, settings: Settings, weighting: BandwidthWeighting = "default"
) -> Bandwidth:
    """The bandwidth of an instance type with a driver and a bandwidth weighting."""
    figures, minutes = EDITIONS[settings.rules], credit_minutes(kind.name, settings)
    seconds = minutes * 60 / settings.credit_time_scale
    nic = nic_limit(driver, figures)
    cards = [_card(kind, weighted(kind, card, weighting, settings.rules), nic) for card in kind.cards]
    stated = kind.stated_gbps if len(cards) > 1 else None
    aggregate = _least(stated, *(sum(rates) for rates in zip(*cards, strict=True)))
    return Bandwidth(
        aggregate=_allowance(aggregate, seconds),
        cards=tuple(_allowance(card, seconds) for card in cards) if len(cards) > 1 else (),
        gateway_bps=gateway_bps(kind.vcpus, aggregate, figures),
        nic=nic,
    )


def credit_minutes(type_name: str, settings: Settings) -> float:
    """Minutes that a full bucket of a type lasts at the peak, before `credit_time_scale`."""
    of_family = settings.credits.get(family(type_name), settings.credit_minutes)
    return settings.credits.get(type_name, of_family)


def nic_limit(driver: Driver, figures: EditionFigures) -> Figure | None:
    """The most that one network card carries with a driver; nothing is known of the mediated device."""
    limits = {"ixgbevf": figures.intel_card_bps, "ena": figures.ena_card_bps, "efa": figures.ena_card_bps}
    return limits.get(driver)


def gateway_bps(vcpus: int, rates: BaselineAndPeak, figures: EditionFigures) -> int:
    """Bits a second through an internet gateway: a fixed figure, or with many vCPUs a baseline share."""
    share = gateway_share(vcpus, figures)
    least = int(figures.gateway_bps.value)
    return min(max(least, int(rates[0] * share.value)) if share else least, rates[1])


def gateway_share(vcpus: int, figures: EditionFigures) -> Figure | None:
    """The share of the baseline that goes through an internet gateway, for a type that has one."""
    enough = figures.gateway_vcpus is not None and vcpus >= figures.gateway_vcpus.value
    return figures.gateway_share if enough else None


def _card(kind: InstanceType, card: Card, nic: Figure | None) -> BaselineAndPeak:
    assert card.baseline is not None, kind.name
    assert card.peak is not None, kind.name
    stated = card.stated_gbps if len(kind.cards) > 1 else None
    baseline, peak = _least(stated, round(card.baseline * GIGA), round(card.peak * GIGA))
    most = int(nic.value) if nic else peak
    return min(baseline, most), min(peak, most)


def _least(stated_gbps: float | None, baseline: int, peak: int) -> BaselineAndPeak:
    """Two rates, where network performance states less than the figures of several cards (section 8.4)."""
    most = peak if stated_gbps is None else round(stated_gbps * GIGA)
    return min(baseline, most), min(peak, most)


def _allowance(rates: BaselineAndPeak, seconds: float) -> Allowance:
    baseline, peak = rates
    return Allowance(baseline, peak, round((peak - baseline) * seconds))
