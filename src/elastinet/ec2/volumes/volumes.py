"""EBS volumes (recorded only): made, shown and removed by themselves."""

from typing import Any

from elastinet.catalog import regions
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.volumes.snapshots import check_holds, snapshot_gib
from elastinet.ec2.volumes.volume_limits import SIZES, checked
from elastinet.ec2.volumes.volume_views import view
from elastinet.model.fault import Fault
from elastinet.model.volume import Volume

USUAL_TYPE = "gp2"
"""The type of a volume that asks for none, by EC2's model of CreateVolume."""
COMMON_FIELDS = {
    "Encrypted": "encrypted",
    "Iops": "iops",
    "Throughput": "throughput",
    "VolumeInitializationRate": "initialization_rate",
    "KmsKeyId": "kms_key",
    "SnapshotId": "snapshot_id",
}
"""What a volume by itself and a launch's ask for in the same words."""
FIELDS = {"Size": "size", **COMMON_FIELDS, "MultiAttachEnabled": "multi_attach"}

VOLUMES = Describable(
    Volume,
    "vol",
    "Volumes",
    "VolumeIds",
    view,
    paths(
        """
        attachment.attach-time attachment.delete-on-termination attachment.device attachment.instance-id
        availability-zone availability-zone-id create-time encrypted fast-restored multi-attach-enabled
        operator.managed operator.principal size snapshot-id volume-id volume-type
        """,
        {"attachment": "Attachments"},
        attachment__status="Attachments.State",
        status="State",
    ),
    {"attachment.instance-id": "attachment.instance-id"},
)


def describe_volumes(tx: Transaction, request: Request) -> Answer:
    """Volumes by id or filter."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    return describe(tx, request, VOLUMES)


def create_volume(tx: Transaction, request: Request) -> Answer:
    """A volume of a zone; it is there at once, and only this answer has it as on its way."""
    id = once(tx, "CreateVolume", request, lambda: _create(tx, request).id)
    made = view(tx, need(tx, Volume, "vol", id))
    return {name: made[name] for name in made if name != "Attachments"} | {"State": "creating"}


def _create(tx: Transaction, request: Request) -> Volume:
    zone = _zone(tx, request)
    asked = {field: request.get(name) for name, field in FIELDS.items() if request.get(name) is not None}
    asked["volume_type"] = known_type(request.get("VolumeType") or USUAL_TYPE)
    fields = checked(_with_size(tx, asked))
    tags = tags_for(tx, request, "volume")
    return tx.new(Volume, "vol", zone=zone, create_time=tx.now, tags=tags, **fields)


def _zone(tx: Transaction, request: Request) -> str:
    given = [name for name in (request.get("AvailabilityZone"), request.get("AvailabilityZoneId")) if name]
    if not given:
        raise faults.missing_parameter("availabilityZone")
    if len(given) > 1:
        raise faults.combination("Only one of availabilityZone and availabilityZoneId may be given.")
    zone = regions.zone(tx.region, given[0])
    if zone is None:
        raise Fault("InvalidZone.NotFound", f"The zone '{given[0]}' does not exist.")
    return zone.name


def known_type(name: str) -> str:
    """The name of a type of volumes; refuses any other."""
    if name not in SIZES:
        raise Fault("UnknownVolumeType", f"Unsupported volume type '{name}' for volume creation.")
    return name


def _with_size(tx: Transaction, asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked for with its size, which a snapshot has too."""
    snapshot = asked.get("snapshot_id")
    if not snapshot:
        if "size" not in asked:
            raise faults.missing_parameter("size/snapshot")
        return asked
    gib = snapshot_gib(tx, snapshot)
    check_holds(asked.get("size", gib), snapshot, gib, "InvalidParameterValue")
    return {"size": gib} | asked


def delete_volume(tx: Transaction, request: Request) -> None:
    """Remove a volume that is attached to nothing."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    if volume.attachments:
        holder = volume.attachments[0].instance_id
        raise Fault("VolumeInUse", f"Volume {volume.id} is currently attached to {holder}")
    tx.drop(volume)
