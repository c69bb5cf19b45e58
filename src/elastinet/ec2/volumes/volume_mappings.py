"""The volumes of a launch: what block device mappings ask for, and what a launch makes of it."""

from typing import Any

from elastinet.catalog.images import Image
from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.volumes.device_names import is_device, place_of, taken
from elastinet.ec2.volumes.snapshots import check_holds, snapshot_gib
from elastinet.ec2.volumes.volume_limits import checked
from elastinet.ec2.volumes.volumes import COMMON_FIELDS, known_type
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.noun import Tags
from elastinet.model.volume import Volume, VolumeAttachment

USUAL_TYPE = "gp3"
FIELDS = {"VolumeSize": "size", "DeleteOnTermination": "delete_on_termination", **COMMON_FIELDS}


def read(tx: Transaction, request: Request, image: Image) -> list[dict[str, Any]]:
    """The volumes that a launch is to make: the image's root one, as changed, and further ones."""
    root = {
        "device": image.root_device,
        "size": image.volume_gib,
        "volume_type": image.volume_type,
        "snapshot_id": image.snapshot_id,
        "delete_on_termination": image.delete_on_termination,
    }
    found: dict[str, dict[str, Any]] = {image.root_device: root}
    for item in request.get("BlockDeviceMappings") or ():
        device = _device(item)
        if item.get("NoDevice") is not None:
            found.pop(device, None)
            continue
        found[device] = found.get(device, {"device": device}) | _asked(item)
    if image.root_device not in found:
        raise faults.invalid(image.root_device, "blockDeviceMapping", "The root device cannot be left out.")
    _check_places(list(found))
    return [_complete(tx, one) for one in found.values()]


def _device(item: Request) -> str:
    device: str | None = item.get("DeviceName")
    if device is None:
        raise faults.missing_parameter("BlockDeviceMapping.DeviceName")
    if not is_device(device):
        raise Fault("InvalidBlockDeviceMapping", f"Invalid device name {device}")
    return device


def _check_places(devices: list[str]) -> None:
    places: set[str] = set()
    for device in devices:
        if place_of(device) in places:
            raise taken(device)
        places.add(place_of(device))


def _asked(item: Request) -> dict[str, Any]:
    ebs = item.get("Ebs")
    if ebs is None:
        raise faults.unsupported("elastinet supports block device mappings of EBS volumes only.")
    found = {field: ebs.get(name) for name, field in FIELDS.items() if ebs.get(name) is not None}
    if (kind := ebs.get("VolumeType")) is not None:
        found["volume_type"] = known_type(kind)
    return found


def _complete(tx: Transaction, asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked for, with what its type and its snapshot give."""
    given: dict[str, Any] = {"volume_type": USUAL_TYPE}
    if snapshot := asked.get("snapshot_id"):
        given["size"] = gib = snapshot_gib(tx, snapshot)
        check_holds(asked.get("size", gib), snapshot, gib, "InvalidBlockDeviceMapping")
    elif "size" not in asked:
        raise faults.missing_parameter("size/snapshot")
    return checked(given | asked)


def make(tx: Transaction, instance: Instance, wanted: list[dict[str, Any]], tags: Tags) -> None:
    """Make an instance's volumes."""
    for one in wanted:
        fields = {name: one[name] for name in one if name not in ("device", "delete_on_termination")}
        goes = one.get("delete_on_termination", True)
        attachment = VolumeAttachment(instance.id, one["device"], tx.now, goes)
        where = {"zone": instance.zone, "create_time": tx.now, "attachments": (attachment,)}
        tx.new(Volume, "vol", tags=tags, **where, **fields)
