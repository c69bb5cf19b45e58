"""DescribeInstances: instances by id or filter, in reservations."""

from typing import Any

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.instance_filters import FILTERS
from elastinet.ec2.instances.instance_views import view
from elastinet.ec2.interfaces import network_interfaces
from elastinet.model.instance import Instance
from elastinet.model.view import StateView
from elastinet.rules.interfaces import interfaces_of

INSTANCES = Describable(
    Instance,
    "i",
    "Instances",
    "InstanceIds",
    view,
    FILTERS,
    {
        name: name
        for name in (
            "vpc-id", "subnet-id", "reservation-id", "instance-state-name", "image-id",
            "private-ip-address", "client-token",
        )
    },
    pages_with_ids=False,
)  # fmt: skip


def describe_instances(tx: Transaction, request: Request) -> Answer:
    """Instances by id or filter, in the reservations that they were launched in."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    found = describe(tx, request, INSTANCES, seen=_seen)
    views = found.pop("Instances")
    return {"Reservations": _reservations(tx, views)} | found


def _seen(tx: Transaction, instance: Instance, view: StateView) -> dict[str, Any]:
    """The view that filters look at: more than an instance itself shows."""
    interfaces = [network_interfaces.view(tx, i) for i in interfaces_of(tx.state, instance.id)]
    reservation = {"OwnerId": instance.owner, "ReservationId": instance.reservation_id}
    return {**view, "Interfaces": interfaces, "Reservation": reservation}


def _reservations(tx: Transaction, views: list[StateView]) -> list[dict[str, Any]]:
    found: dict[str, list[StateView]] = {}
    for one in views:
        found.setdefault(tx.need(Instance, one["InstanceId"]).reservation_id, []).append(one)
    return [reservation(tx, id, members) for id, members in found.items()]


def reservation(tx: Transaction, id: str, views: list[StateView]) -> dict[str, Any]:
    """Instances that were launched together."""
    return {"ReservationId": id, "OwnerId": tx.owner, "Groups": [], "Instances": views}
