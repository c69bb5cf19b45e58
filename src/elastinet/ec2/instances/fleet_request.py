"""What CreateFleet asks for beside its templates: how much, how, and with which tags."""

from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault

MOST_UNITS = 10_000
TAGGED = ("instance", "volume", "network-interface")
"""What a fleet tags beside itself."""


def capacity(request: Request) -> dict[str, Any]:
    """The capacity that is asked for, all of it on demand."""
    asked = request["TargetCapacitySpecification"]
    total, default = asked["TotalTargetCapacity"], asked.get("DefaultTargetCapacityType", "on-demand")
    spot, on_demand = asked.get("SpotTargetCapacity", 0), asked.get("OnDemandTargetCapacity", 0)
    if not 1 <= total <= MOST_UNITS:
        raise faults.invalid(total, "TotalTargetCapacity", f"Expecting a value from 1 to {MOST_UNITS}.")
    if min(spot, on_demand) < 0 or spot + on_demand > total:
        sentence = "The sum of the on-demand and Spot target capacity may not exceed the total."
        raise Fault("InvalidTargetCapacitySpecification", sentence)
    if spot or (default != "on-demand" and on_demand < total):
        raise faults.unsupported("elastinet supports fleets of on-demand instances only.")
    return {
        "TotalTargetCapacity": total,
        "OnDemandTargetCapacity": total,
        "SpotTargetCapacity": 0,
        "DefaultTargetCapacityType": default,
    }


def options(request: Request) -> dict[str, Any]:
    """What is said of on-demand instances, as it is shown again."""
    asked = request.get("OnDemandOptions") or Request({})
    names = ("AllocationStrategy", "MinTargetCapacity", "SingleInstanceType", "SingleAvailabilityZone")
    given = {name: value for name in names if (value := asked.get(name)) is not None}
    _check_least(given)
    return {"AllocationStrategy": "lowest-price"} | given


def _check_least(given: dict[str, Any]) -> None:
    least = given.get("MinTargetCapacity")
    if least is None:
        return
    if not 0 <= least <= MOST_UNITS:
        raise faults.invalid(least, "MinTargetCapacity", f"Expecting a value from 0 to {MOST_UNITS}.")
    if not (given.get("SingleInstanceType") or given.get("SingleAvailabilityZone")):
        sentence = "MinTargetCapacity requires SingleInstanceType or SingleAvailabilityZone."
        raise faults.combination(sentence)


def spot_options(request: Request) -> dict[str, Any]:
    """What is said of Spot Instances, which here are none: it changes nothing, and is shown again."""
    if (asked := request.get("SpotOptions")) is None:
        return {}
    asked.accept_all()
    return {"SpotOptions": asked.raw()}


def common(tx: Transaction, request: Request) -> dict[str, Any]:
    """The parameters of every launch of a fleet: its tags, but for the fleet's own."""
    found = {kind: tags_for(tx, request, kind, "fleet", *TAGGED) for kind in TAGGED}
    listed = [
        {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags]}
        for kind, tags in found.items()
        if tags
    ]
    return {"TagSpecifications": listed} if listed else {}
