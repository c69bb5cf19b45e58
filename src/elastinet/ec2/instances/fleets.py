"""EC2 Fleets of the type instant: on-demand instances from launch templates, asked for once."""

from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.instances.fleet_launch import Outcome, Wanted, fill, shown_failure, shown_launch
from elastinet.ec2.instances.fleet_pools import ordered, read_pools, shown_override
from elastinet.ec2.instances.fleet_request import TAGGED, capacity, common, options, spot_options
from elastinet.ec2.instances.lifecycle import terminate
from elastinet.ec2.instances.template_lookup import find_template
from elastinet.model.fault import Fault
from elastinet.model.fleet import Fleet
from elastinet.model.ids import well_formed
from elastinet.model.instance import Instance
from elastinet.model.view import StateView

MOST_DELETED = 25
_OF_CREATION_ONLY = ("AvailabilityZone", "AvailabilityZoneId", "SubnetId")
"""What CreateFleet's answer says of a launch, and DescribeFleets does not."""


def view(tx: Transaction, fleet: Fleet) -> StateView:
    """A fleet in the shape of the API."""
    going = [i for id in fleet.launched if (i := tx.get(Instance, id)) and i.state != "terminated"]
    state = "active" if fleet.deleted is None else "deleted_terminating" if going else "deleted"
    return tx.views.of(fleet, (state,), lambda: _view(fleet, state))


def _view(fleet: Fleet, state: str) -> dict[str, Any]:
    data = dict(fleet.data)
    data["Instances"] = [
        {name: value for name, value in one.items() if name not in _OF_CREATION_ONLY}
        for one in data["Instances"]
    ]
    return {
        "FleetId": fleet.id,
        "CreateTime": moment(fleet.create_time),
        "FleetState": state,
        "ActivityStatus": "fulfilled",  # the only one that an instant fleet has
        "ClientToken": fleet.client_token,
        "Tags": tag_set(fleet),
        **data,
    }


def _seen(tx: Transaction, fleet: Fleet, view: StateView) -> dict[str, Any]:
    """The view that filters look at: they write states with dashes."""
    return {**view, "FleetState": view["FleetState"].replace("_", "-")}


FLEETS = Describable(
    Fleet,
    "fleet",
    "Fleets",
    "FleetIds",
    view,
    {
        "activity-status": "ActivityStatus",
        "excess-capacity-termination-policy": "ExcessCapacityTerminationPolicy",
        "fleet-state": "FleetState",
        "replace-unhealthy-instances": "ReplaceUnhealthyInstances",
        "type": "Type",
    },
    least_page=1,
)


def describe_fleets(tx: Transaction, request: Request) -> Answer:
    """Fleets by id; an instant one is in no list that does not name it."""
    found = describe(tx, request, FLEETS, seen=_seen)
    return found if request.ids("FleetIds") else {"Fleets": []}


def create_fleet(tx: Transaction, request: Request) -> Answer:
    """Launch what a fleet asks for, as far as that can be had; what cannot is told pool by pool."""
    id = once(tx, "CreateFleet", request, lambda: _create(tx, request).id)
    data = need(tx, Fleet, "fleet", id).data
    return {"FleetId": id, "Errors": data["Errors"], "Instances": data["Instances"]}


def _create(tx: Transaction, request: Request) -> Fleet:
    if (kind := request.get("Type", "maintain")) != "instant":
        raise faults.unsupported(f"elastinet supports fleets of the type instant only, not {kind}.")
    units, how, configs = capacity(request), options(request), request["LaunchTemplateConfigs"]
    pools = ordered(read_pools(tx, configs), how["AllocationStrategy"])
    fleet = Fleet(
        id=tx.new_id("fleet"),
        owner=tx.owner,
        region=tx.region,
        create_time=tx.now,
        client_token=request.get("ClientToken") or "",
        tags=tags_for(tx, request, "fleet", *TAGGED),
        data={
            "Type": kind,
            "LaunchTemplateConfigs": [_shown_config(tx, config) for config in configs],
            "TargetCapacitySpecification": units,
            **({"OnDemandOptions": how} if "OnDemandOptions" in request else {}),
            **spot_options(request),
            "ReplaceUnhealthyInstances": False,
            "TerminateInstancesWithExpiration": False,
        },
    )
    wanted = Wanted(
        units["TotalTargetCapacity"],
        how.get("MinTargetCapacity", 0),
        bool(how.get("SingleInstanceType")),
        bool(how.get("SingleAvailabilityZone")),
        common(tx, request),
        ("aws:ec2:fleet-id", fleet.id),
    )
    return tx.put(_with(fleet, fill(tx, pools, wanted)))


def _with(fleet: Fleet, outcome: Outcome) -> Fleet:
    """A fleet with what has come of it."""
    data = fleet.data | {
        "FulfilledCapacity": outcome.units,
        "FulfilledOnDemandCapacity": outcome.units,
        "Errors": [shown_failure(*one) for one in outcome.failed],
        "Instances": [shown_launch(*one) for one in outcome.launched],
    }
    return fleet.but(data=data, launched=tuple(i.id for _, own in outcome.launched for i in own))


def _shown_config(tx: Transaction, config: Request) -> dict[str, Any]:
    named = config["LaunchTemplateSpecification"]
    template = find_template(tx, named, "launch a fleet")
    return {
        "LaunchTemplateSpecification": {"LaunchTemplateId": template.id, "Version": named["Version"]},
        "Overrides": [shown_override(item.raw()) for item in config.get("Overrides") or ()],
    }


def delete_fleets(tx: Transaction, request: Request) -> Answer:
    """Delete instant fleets, and with each its instances; each is answered for itself."""
    ids, terminates = request.ids("FleetIds"), request["TerminateInstances"]
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for id in dict.fromkeys(ids):
        try:
            if len(ids) > MOST_DELETED:
                sentence = f"Can't delete more than {MOST_DELETED} instant fleets in a single request."
                raise Fault("ExceededInstantFleetNumForDeletion", sentence)
            with tx.attempt():
                _delete(tx, id, terminates=terminates)
        except Fault as fault:
            failed.append({"FleetId": id, "Error": {"Code": fault.code, "Message": fault.message}})
        else:
            states = {"CurrentFleetState": "deleted_terminating", "PreviousFleetState": "active"}
            done.append({"FleetId": id} | states)
    return {"SuccessfulFleetDeletions": done, "UnsuccessfulFleetDeletions": failed}


def _delete(tx: Transaction, id: str, *, terminates: bool) -> None:
    if not well_formed(id, "fleet"):
        raise Fault("fleetIdMalformed", f"The fleet ID '{id}' is malformed")
    if (fleet := tx.get(Fleet, id)) is None:
        raise Fault("fleetIdDoesNotExist", f"The fleet ID '{id}' does not exist")
    if fleet.deleted is not None:
        raise Fault("fleetNotInDeletableState", f"The fleet '{id}' is not in a state to be deleted")
    if not terminates:
        sentence = "NoTerminateInstances option is not supported for instant fleet"
        raise Fault("NoTerminateInstancesNotSupported", sentence)
    for instance in filter(None, (tx.get(Instance, one) for one in fleet.launched)):
        terminate(tx, instance)
    tx.put(fleet.but(deleted=tx.now))


def forget_old(tx: Transaction, seconds: float) -> None:
    """Drop fleets that were asked for long ago, or deleted, and have no instance any more."""
    for fleet in tx.mine(Fleet):
        there = any(tx.get(Instance, id) is not None for id in fleet.launched)
        if not there and tx.now - (fleet.deleted or fleet.create_time) > seconds:
            tx.drop(fleet)
