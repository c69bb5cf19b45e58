"""DescribeInstanceStatus: the state and the health of instances."""

from typing import Any

from elastinet.catalog import regions
from elastinet.ec2.core import filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED
from elastinet.ec2.instances.instance_views import state_view
from elastinet.model.instance import Instance
from elastinet.model.view import StateView

STATUS_FILTERS = paths(
    """
    availability-zone availability-zone-id event.code event.description event.instance-event-id
    event.not-after event.not-before event.not-before-deadline instance-status.status
    operator.managed operator.principal system-status.status attached-ebs-status.status
    application-status.status
    """,
    {"event": "Events"},
    instance_state_code="InstanceState.Code",
    instance_state_name="InstanceState.Name",
    instance_status__reachability="InstanceStatus.Details.Status",
    system_status__reachability="SystemStatus.Details.Status",
)


def status_view(tx: Transaction, instance: Instance) -> StateView:
    """An instance's state and health: it passes its checks while its host and the fabric hold it up."""
    zone = regions.zone(instance.region, instance.zone)
    health = "ok" if instance.state == "running" else "not-applicable"
    if instance.state == "pending":
        health = "initializing"
    shown: dict[str, Any] = {"Status": health}
    if health != "not-applicable":
        passed = "passed" if health == "ok" else "initializing"
        shown["Details"] = [{"Name": "reachability", "Status": passed}]
    if instance.host_failure and instance.alive:
        since = moment(instance.host_failure_since or 0)
        shown = {
            "Status": "impaired",
            "Details": [{"Name": "reachability", "Status": "failed", "ImpairedSince": since}],
        }
    return StateView(
        InstanceId=instance.id,
        AvailabilityZone=instance.zone,
        AvailabilityZoneId=zone.id if zone else "",
        InstanceState=state_view(instance.state),
        InstanceStatus=shown,
        SystemStatus=shown,
        Operator=UNMANAGED,
    )


STATUSES = Describable(
    Instance,
    "i",
    "InstanceStatuses",
    "InstanceIds",
    status_view,
    STATUS_FILTERS,
    {"instance-state-name": "instance-state-name"},
    pages_with_ids=False,
)


def describe_instance_status(tx: Transaction, request: Request) -> Answer:
    """The state and health of running instances, or of all of them."""
    request.accept("IncludeManagedResources")
    only_running = not request.get("IncludeAllInstances")
    kept = [filters.Filter("instance-state-name", ["running"])] if only_running else []
    return describe(tx, request, STATUSES, also=kept)
