"""EBS volumes (recorded only): what a launch asks for, and what Describe tells."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from elastinet.catalog import regions
from elastinet.catalog.images import Image
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.instances.volume_keys import DEFAULT_KEY, key_arn
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.noun import Tags
from elastinet.model.view import StateView
from elastinet.model.volume import Volume

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import VolumeTypeType
    from mypy_boto3_ec2.type_defs import VolumeAttachmentTypeDef, VolumeTypeDef

SIZES = {
    "gp2": (1, 16384), "gp3": (1, 65536), "io1": (4, 16384), "io2": (4, 65536), "st1": (125, 16384),
    "sc1": (125, 16384), "standard": (1, 1024),
}  # fmt: skip
"""GiB that a volume of a type has; this and the next two by EC2's model of EbsBlockDevice."""
IOPS = {"gp3": (3000, 80000), "io1": (100, 64000), "io2": (100, 256000)}
THROUGHPUTS = {"gp3": (125, 2000)}
INITIALIZATION_RATES = dict.fromkeys(SIZES, (100, 300))
"""MiB/s at which a volume is filled from its snapshot."""
BASELINES: dict[str, tuple[int | None, int | None]] = {"gp3": (3000, 125), "gp2": (100, None)}
"""IOPS and MiB/s of the types that have them without being asked."""


NOT_ENCRYPTED = "The parameter KmsKeyId requires the parameter Encrypted to be set."


def view(tx: Transaction, volume: Volume) -> StateView:
    """A volume in the shape of the API."""
    return tx.views.of(volume, (), lambda: tags_if_any(_view(volume)))


def _view(volume: Volume) -> "VolumeTypeDef":
    zone = regions.zone(volume.region, volume.zone)
    shown: VolumeTypeDef = {
        "VolumeId": volume.id,
        "OwnerId": volume.owner,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "CreateTime": moment(volume.create_time),
        "Size": volume.size,
        "VolumeType": cast("VolumeTypeType", volume.volume_type),
        "Encrypted": volume.encrypted,
        "MultiAttachEnabled": False,
        "SnapshotId": volume.snapshot_id,
        "State": "in-use" if volume.instance_id else "available",
        "Attachments": [_attachment(volume)] if volume.instance_id else [],
        "Operator": {"Managed": False},
        "Tags": tag_set(volume),
    }
    if volume.iops is not None:
        shown["Iops"] = volume.iops
    if volume.throughput is not None:
        shown["Throughput"] = volume.throughput
    if volume.initialization_rate is not None:
        shown["VolumeInitializationRate"] = volume.initialization_rate
    if volume.encrypted:
        shown["KmsKeyId"] = key_arn(volume.owner, volume.region, volume.kms_key or DEFAULT_KEY)
    return shown


def _attachment(volume: Volume) -> "VolumeAttachmentTypeDef":
    return {
        "VolumeId": volume.id,
        "InstanceId": volume.instance_id or "",
        "Device": volume.device,
        "State": "attached",
        "AttachTime": moment(volume.create_time),
        "DeleteOnTermination": volume.delete_on_termination,
    }


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


def mappings(volumes: Iterable[Volume]) -> list[dict[str, Any]]:
    """An instance's volumes as it shows them."""
    return [
        {
            "DeviceName": volume.device,
            "Ebs": {
                "VolumeId": volume.id,
                "AttachTime": moment(volume.create_time),
                "DeleteOnTermination": volume.delete_on_termination,
                "Status": "attached",
            },
        }
        for volume in volumes
    ]


def read(request: Request, image: Image) -> list[dict[str, Any]]:
    """The volumes that a launch is to make: the image's root one, as changed, and further ones."""
    snapshot = f"snap-{image.id.removeprefix('ami-')}"
    root = {
        "device": image.root_device,
        "size": image.volume_gib,
        "volume_type": image.volume_type,
        "snapshot_id": snapshot,
    }
    found: dict[str, dict[str, Any]] = {image.root_device: root}
    for item in request.get("BlockDeviceMappings") or ():
        device = item.get("DeviceName")
        if device is None:
            raise faults.missing_parameter("BlockDeviceMapping.DeviceName")
        if item.get("NoDevice") is not None:
            found.pop(device, None)
            continue
        found[device] = found.get(device, {"device": device}) | _asked(item)
    if image.root_device not in found:
        raise faults.invalid(image.root_device, "blockDeviceMapping", "The root device cannot be left out.")
    return [_complete(one) for one in found.values()]


def _asked(item: Request) -> dict[str, Any]:
    ebs = item.get("Ebs")
    if ebs is None:
        raise faults.unsupported("elastinet supports block device mappings of EBS volumes only.")
    names = {
        "VolumeSize": "size",
        "VolumeType": "volume_type",
        "DeleteOnTermination": "delete_on_termination",
        "Encrypted": "encrypted",
        "Iops": "iops",
        "Throughput": "throughput",
        "VolumeInitializationRate": "initialization_rate",
        "KmsKeyId": "kms_key",
        "SnapshotId": "snapshot_id",
    }
    return {field: ebs.get(name) for name, field in names.items() if ebs.get(name) is not None}


def _complete(asked: dict[str, Any]) -> dict[str, Any]:
    kind = asked.get("volume_type", "gp3")
    _check({"size": 0} | asked, "size", "volumeSize", kind, SIZES)
    _check(asked, "iops", "iops", kind, IOPS)
    _check(asked, "throughput", "throughput", kind, THROUGHPUTS)
    _check(asked, "initialization_rate", "volumeInitializationRate", kind, INITIALIZATION_RATES)
    if "kms_key" in asked and not asked.get("encrypted"):
        raise Fault("InvalidParameterDependency", NOT_ENCRYPTED)
    iops, throughput = BASELINES.get(kind, (None, None))
    if kind in ("io1", "io2") and "iops" not in asked:
        raise faults.missing_parameter("iops")
    return {"volume_type": kind, "iops": iops, "throughput": throughput} | asked


def _check(
    asked: dict[str, Any], field: str, name: str, kind: str, bounds: dict[str, tuple[int, int]]
) -> None:
    """Refuse a figure that a type of volume does not have, or not so."""
    if (value := asked.get(field)) is None:
        return
    if kind not in bounds:
        raise faults.combination(f"The parameter {name} is not supported for {kind} volumes.")
    least, most = bounds[kind]
    if not least <= value <= most:
        raise faults.invalid(value, name, f"A {kind} volume has from {least} to {most}.")


def make(tx: Transaction, instance: Instance, wanted: list[dict[str, Any]], tags: Tags) -> None:
    """Make an instance's volumes."""
    for one in wanted:
        where = {"zone": instance.zone, "instance_id": instance.id, "create_time": tx.now}
        tx.new(Volume, "vol", tags=tags, **where, **one)


def change(tx: Transaction, instance: Instance, mappings: Iterable[Request]) -> None:
    """Say which of an instance's volumes go with it."""
    there = {v.device: v for v in tx.state.where(Volume, "attachment.instance-id", instance.id)}
    for item in mappings:
        device = item.get("DeviceName")
        if device not in there:
            sentence = f"No device is currently mapped at {device}"
            raise Fault("InvalidInstanceAttributeValue", sentence)
        if (ebs := item.get("Ebs")) is not None and (gone := ebs.get("DeleteOnTermination")) is not None:
            tx.put(there[device].but(delete_on_termination=gone))


def release(tx: Transaction, instance_id: str) -> None:
    """Free a terminated instance's volumes, and remove those that were to go with it."""
    for volume in tx.state.where(Volume, "attachment.instance-id", instance_id):
        if volume.delete_on_termination:
            tx.drop(volume)
        else:
            tx.put(volume.but(instance_id=None))


def delete_volume(tx: Transaction, request: Request) -> None:
    """Remove a volume that is attached to nothing."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    if volume.instance_id:
        raise Fault("VolumeInUse", f"Volume {volume.id} is currently attached to {volume.instance_id}")
    tx.drop(volume)
