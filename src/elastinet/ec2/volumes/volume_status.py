"""The health of volumes, and their attributes: nothing here breaks, so all are well."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED
from elastinet.ec2.volumes.volume_views import zone_id
from elastinet.model.view import StateView
from elastinet.model.volume import Volume

CHECKS = (("io-enabled", "passed"), ("io-performance", "not-applicable"))


def _view(tx: Transaction, volume: Volume) -> StateView:
    unmeasured = (
        {"InstanceId": one.instance_id, "IoPerformance": CHECKS[1][1]} for one in volume.attachments
    )
    return StateView(
        VolumeId=volume.id,
        AvailabilityZone=volume.zone,
        AvailabilityZoneId=zone_id(volume),
        VolumeStatus={"Status": "ok", "Details": [{"Name": name, "Status": told} for name, told in CHECKS]},
        AttachmentStatuses=list(unmeasured),
        Actions=[],
        Events=[],
        Operator=UNMANAGED,
    )


STATUSES = Describable(
    Volume,
    "vol",
    "VolumeStatuses",
    "VolumeIds",
    _view,
    paths(
        """
        action.code action.description action.event-id attachment-status.instance-id
        attachment-status.io-performance availability-zone availability-zone-id event.description
        event.event-id event.event-type event.not-after event.not-before operator.managed operator.principal
        volume-status.status
        """,
        {"action": "Actions", "attachment-status": "AttachmentStatuses", "event": "Events"},
        volume_status__details_name="VolumeStatus.Details.Name",
        volume_status__details_status="VolumeStatus.Details.Status",
    ),
    {"attachment-status.instance-id": "attachment.instance-id"},
    pages_with_ids=False,
)


def describe_volume_status(tx: Transaction, request: Request) -> Answer:
    """The health of volumes."""
    request.accept("IncludeManagedResources")
    return describe(tx, request, STATUSES)


def describe_volume_attribute(tx: Transaction, request: Request) -> Answer:
    """One attribute of a volume."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    if request["Attribute"] == "productCodes":
        return {"VolumeId": volume.id, "ProductCodes": []}
    return {"VolumeId": volume.id, "AutoEnableIO": {"Value": volume.auto_enable_io}}


def modify_volume_attribute(tx: Transaction, request: Request) -> None:
    """Say whether I/O is to go on by itself where data may be inconsistent, which here it never is."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    asked = request.get("AutoEnableIO")
    if asked is None or asked.get("Value") is None:
        raise faults.missing_parameter("autoEnableIO")
    tx.put(volume.but(auto_enable_io=asked.get("Value")))
