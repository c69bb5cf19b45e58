"""Volumes, and their attachments, in the shape of the API."""

from typing import TYPE_CHECKING, Any, cast

from elastinet.catalog import regions
from elastinet.catalog.images import Image
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED, tag_set, tags_if_any
from elastinet.ec2.volumes.volume_keys import DEFAULT_KEY, key_arn
from elastinet.model.instance import Instance
from elastinet.model.view import StateView
from elastinet.model.volume import Volume, VolumeAttachment
from elastinet.rules.images import find_image

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import VolumeAttachmentStateType, VolumeTypeType
    from mypy_boto3_ec2.type_defs import VolumeAttachmentTypeDef, VolumeTypeDef


def view(tx: Transaction, volume: Volume) -> StateView:
    """A volume in the shape of the API."""
    return tx.views.of(volume, (), lambda: tags_if_any(_view(volume)))


def _view(volume: Volume) -> "VolumeTypeDef":
    shown: VolumeTypeDef = {
        "VolumeId": volume.id,
        "OwnerId": volume.owner,
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone_id(volume),
        "CreateTime": moment(volume.create_time),
        "Size": volume.size,
        "VolumeType": cast("VolumeTypeType", volume.volume_type),
        "Encrypted": volume.encrypted,
        "MultiAttachEnabled": volume.multi_attach,
        "SnapshotId": volume.snapshot_id,
        "State": "in-use" if volume.attachments else "available",
        "Attachments": [attachment_view(volume, one) for one in volume.attachments],
        "Operator": UNMANAGED,
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


def zone_id(volume: Volume) -> str:
    """The id of a volume's zone."""
    zone = regions.zone(volume.region, volume.zone)
    return zone.id if zone else ""


def attachment_view(
    volume: Volume, one: VolumeAttachment, state: "VolumeAttachmentStateType" = "attached"
) -> "VolumeAttachmentTypeDef":
    """An attachment of a volume; it comes and goes at once, and only answers tell of what was on its way."""
    return {
        "VolumeId": volume.id,
        "InstanceId": one.instance_id,
        "Device": one.device,
        "State": state,
        "AttachTime": moment(one.time),
        "DeleteOnTermination": one.delete_on_termination,
    }


def attached_to(tx: Transaction, instance: Instance) -> list[tuple[Volume, VolumeAttachment]]:
    """An instance's volumes with their attachments, the root one first, then as they came."""
    root = root_device(tx, instance)
    found = [
        (volume, one)
        for volume in tx.state.where(Volume, "attachment.instance-id", instance.id)
        if (one := volume.at(instance.id)) is not None
    ]
    return sorted(found, key=lambda pair: (pair[1].device != root, pair[1].time))


def root_device(tx: Transaction, instance: Instance) -> str:
    """The device of an instance's root volume."""
    return root_device_of(find_image(tx.state, instance.scope, tx.settings.images, instance.image_id))


def root_device_of(image: Image | None) -> str:
    """The device of a root volume that an image makes, or one that is not known any more."""
    return image.root_device if image else "/dev/xvda"


def mappings(attached: list[tuple[Volume, VolumeAttachment]]) -> list[dict[str, Any]]:
    """An instance's volumes, with their attachments, as it shows them."""
    return [
        {
            "DeviceName": one.device,
            "Ebs": {
                "VolumeId": volume.id,
                "AttachTime": moment(one.time),
                "DeleteOnTermination": one.delete_on_termination,
                "Status": "attached",
            },
        }
        for volume, one in attached
    ]
