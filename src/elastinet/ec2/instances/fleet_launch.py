"""The launches of an instant fleet: pool after pool, until there is as much as was asked for."""

import math
from itertools import groupby
from typing import Any, NamedTuple

from elastinet.catalog import regions
from elastinet.catalog.instance_types import offered
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.fleet_pools import Pool
from elastinet.ec2.instances.launch import launch
from elastinet.ec2.instances.launch_parameters import Parameters, over_template
from elastinet.ec2.instances.launched_from import labels
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.noun import Tags

UNFULFILLABLE = (
    "Unable to fulfill capacity due to your request configuration. Please adjust your request and try again."
)
SUFFICIENT = 1e-9
"""Units that a sum of weights may be short by."""


class Wanted(NamedTuple):
    """What a fleet is to have: units of capacity, the least of them, and what all its instances share."""

    units: int
    least: int
    one_type: bool
    one_zone: bool
    common: Parameters
    label: tuple[str, str]


class Outcome(NamedTuple):
    """What has been launched from which pool, and which pools could not launch."""

    launched: list[tuple[Pool, list[Instance]]]
    failed: list[tuple[Pool, Fault]]

    @property
    def units(self) -> float:
        """Units of capacity that were launched."""
        return math.fsum(pool.weight * len(instances) for pool, instances in self.launched)


class _TooFewError(Exception):
    """A group of pools has not given the least that is wanted."""


def fill(tx: Transaction, pools: list[Pool], wanted: Wanted) -> Outcome:
    """Launch from the pools, in their order, what is wanted; nothing where the least cannot be had."""
    failed: list[tuple[Pool, Fault]] = []
    for group in _groups(pools, wanted):
        outcome = Outcome([], failed)
        try:
            with tx.attempt():
                _fill(tx, group, wanted, outcome)
        except _TooFewError:
            failed += [(pool, Fault("UnfulfillableCapacity", UNFULFILLABLE)) for pool, _ in outcome.launched]
        else:
            return outcome
    return Outcome([], failed)


def _groups(pools: list[Pool], wanted: Wanted) -> list[list[Pool]]:
    """The pools that may be used together, those of the first pool first."""

    def key(pool: Pool) -> tuple[str | None, str | None]:
        return pool.kind if wanted.one_type else None, pool.zone if wanted.one_zone else None

    first = {k: n for n, k in reversed(list(enumerate(map(key, pools))))}
    together = sorted(pools, key=lambda pool: first[key(pool)])
    return [list(group) for _, group in groupby(together, key)]


def _fill(tx: Transaction, pools: list[Pool], wanted: Wanted, outcome: Outcome) -> None:
    for pool in pools:
        missing = math.ceil((wanted.units - outcome.units) / pool.weight - SUFFICIENT)
        if missing <= 0:
            break
        try:
            with tx.attempt():
                outcome.launched.append((pool, _launch(tx, pool, missing, wanted)))
        except Fault as fault:
            outcome.failed.append((pool, _as_of_fleets(fault)))
    if not outcome.launched or outcome.units < wanted.least:
        raise _TooFewError


def _launch(tx: Transaction, pool: Pool, most: int, wanted: Wanted) -> list[Instance]:
    _check_offered(tx, pool)
    asked = over_template(pool.parameters, wanted.common) | {"MinCount": 1, "MaxCount": most}
    own: Tags = (*labels(pool.version), wanted.label)
    reservation = launch(tx, Request(asked), own)
    return list(tx.where(Instance, "reservation-id", reservation))


def _check_offered(tx: Transaction, pool: Pool) -> None:
    """Refuse a type that a pool's zone does not have, as fleets do: one that nobody has is no other case."""
    if pool.kind and pool.zone and pool.zone not in offered(tx.region).get(pool.kind, ()):
        sentence = f"Your requested instance type ({pool.kind}) is not supported in your requested"
        raise Fault("Unsupported", f"{sentence} Availability Zone ({pool.zone}).")


def _as_of_fleets(fault: Fault) -> Fault:
    """A launch's refusal under the code that a fleet tells it by."""
    if fault.code == "Unsupported":
        return Fault("InvalidFleetConfiguration", fault.message.partition(" Please retry")[0])
    return fault


def shown_launch(pool: Pool, instances: list[Instance]) -> dict[str, Any]:
    """What was launched from a pool, in the shape of CreateFleet's answer."""
    first = instances[0]
    zone = regions.zone(first.region, first.zone)
    return {
        "LaunchTemplateAndOverrides": pool.shown,
        "Lifecycle": "on-demand",
        "InstanceIds": [instance.id for instance in instances],
        "InstanceType": first.instance_type,
        **({"Platform": "Windows"} if first.platform else {}),
        "AvailabilityZone": first.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "SubnetId": first.subnet_id,
    }


def shown_failure(pool: Pool, fault: Fault) -> dict[str, Any]:
    """Why a pool could not launch, in the shape of the API."""
    told = {"ErrorCode": fault.code, "ErrorMessage": fault.message}
    return {"LaunchTemplateAndOverrides": pool.shown, "Lifecycle": "on-demand"} | told
