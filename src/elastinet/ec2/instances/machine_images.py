"""An account's own images: registered of a snapshot, copied, and let go."""

import re
from typing import Any

from elastinet.catalog.images import Image
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.once import once
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.volumes import snapshots
from elastinet.ec2.volumes.device_names import is_device
from elastinet.ec2.volumes.volumes import known_type
from elastinet.model.fault import Fault
from elastinet.model.image import FileSystem, MachineImage, Snapshot
from elastinet.model.noun import Tags
from elastinet.rules import images as rules

NAME = re.compile(r"[A-Za-z0-9()\[\] ./'@_-]{3,128}")
BAD_NAME = (
    "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', "
    "'-', '/' and '_'"
)
"""EC2's own words, though it takes brackets, spaces, single quotes and '@', too (facts sheet, 14)."""
TAGGED = ("image", "snapshot")
ARCHITECTURES = ("x86_64", "arm64")
USUAL = "x86_64"


def check_name(tx: Transaction, name: str | None) -> str:
    """A name for an image that no other one of this account in this region has."""
    if name is None:
        raise faults.missing_parameter("Name")
    if not NAME.fullmatch(name):
        raise Fault("InvalidAMIName.Malformed", BAD_NAME)
    if other := next(tx.state.where(MachineImage, "name", (*tx.scope, name)), None):
        raise Fault("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {other.id}")
    return name


def need_own(tx: Transaction, id: str) -> MachineImage:
    """An image of the account's own; refuses one that is somebody else's."""
    own = tx.get(MachineImage, id)
    if own is not None:
        return own
    if rules.find_image(tx.state, tx.scope, tx.settings.images, id):
        raise Fault("AuthFailure", f"Not authorized for image:{id}", 403)
    faults.check_form("ami", id)
    raise faults.missing("ami", [id])


def register(
    tx: Transaction, name: str, file_system: FileSystem, size: int, *, description: str = "", **fields: Any
) -> MachineImage:
    """An image of a file system that has come from outside, with a snapshot of it."""
    snapshot = tx.new(Snapshot, "snap", size=size, start_time=tx.now, file_system=file_system)
    about = {"description": description, "architecture": file_system.architecture, **fields}
    name = check_name(tx, name)
    return tx.new(
        MachineImage, "ami", image_name=name, snapshot_id=snapshot.id, size=size, created=tx.now, **about
    )


def register_image(tx: Transaction, request: Request) -> Answer:
    """An image of a snapshot."""
    if request.get("ImageLocation"):
        raise faults.unsupported("elastinet registers images of snapshots only, not of manifests in S3.")
    name = check_name(tx, request.get("Name"))
    if request.get("VirtualizationType", "hvm") != "hvm":
        raise faults.invalid(request["VirtualizationType"], "virtualizationType", "It is hvm.")
    root = request.get("RootDeviceName", "/dev/sda1")
    ebs = _root_mapping(request, root)
    snapshot = snapshots.find(tx, ebs["SnapshotId"])
    size = ebs.get("VolumeSize", snapshot.size)
    snapshots.check_holds(size, snapshot.id, snapshot.size, "InvalidBlockDeviceMapping")
    found = snapshot.file_system
    architecture = request.get("Architecture") or (found.architecture if found else USUAL)
    if architecture not in ARCHITECTURES:
        raise faults.invalid(architecture, "architecture", f"It is {' or '.join(ARCHITECTURES)} here.")
    made = tx.new(
        MachineImage,
        "ami",
        image_name=name,
        description=request.get("Description", ""),
        architecture=architecture,
        root_device=root,
        snapshot_id=snapshot.id,
        size=size,
        volume_type=known_type(ebs.get("VolumeType", "gp2")),
        delete_on_termination=ebs.get("DeleteOnTermination", True),
        created=tx.now,
        ena_support=bool(request.get("EnaSupport")),
        sriov_net_support=request.get("SriovNetSupport"),
        imds_support=request.get("ImdsSupport"),
        boot_mode=request.get("BootMode"),
        tags=tags_for(tx, request, "image"),
    )
    return {"ImageId": made.id}


def _root_mapping(request: Request, root: str) -> Request:
    """What a request says of the root volume; further volumes are not here."""
    items = request.get("BlockDeviceMappings") or []
    mine = [item for item in items if item.get("DeviceName") == root]
    if not is_device(root) or not mine or mine[0].get("Ebs") is None or "SnapshotId" not in mine[0]["Ebs"]:
        raise Fault("InvalidBlockDeviceMapping", f"No root snapshot specified in device mapping {root}")
    if len(items) > 1:
        raise faults.unsupported("elastinet supports images of one volume only, the root's.")
    ebs: Request = mine[0]["Ebs"]
    ebs.get("SnapshotId")
    if ebs.get("Encrypted"):
        raise faults.unsupported("elastinet does not support encrypted images.")
    return ebs


def deregister_image(tx: Transaction, request: Request) -> Answer:
    """Let an image go; instances of it stay, and so does its snapshot if nobody asks for its end."""
    image = need_own(tx, request["ImageId"])
    tx.drop(image)
    snapshot = tx.get(Snapshot, image.snapshot_id)
    if not request.get("DeleteAssociatedSnapshots") or snapshot is None:
        return {"Return": True}
    in_use = next(tx.where(MachineImage, "snapshot-id", snapshot.id), None) is not None
    if not in_use:
        snapshots.remove(tx, snapshot)
    code = "in-use" if in_use else "success"
    return {"Return": True, "DeleteSnapshotResults": [{"SnapshotId": snapshot.id, "ReturnCode": code}]}


def copy_image(tx: Transaction, request: Request) -> Answer:
    """An image of this region's by one of this region's or another one's; the content is shared."""
    return {"ImageId": once(tx, "CopyImage", request, lambda: _copy(tx, request).id)}


def _copy(tx: Transaction, request: Request) -> MachineImage:
    region, id = request["SourceRegion"], request["SourceImageId"]
    if request.get("Encrypted"):
        raise faults.unsupported("elastinet does not support encrypted images.")
    scope = (tx.owner, region)
    source = rules.find_image(tx.state, scope, tx.settings.images, id)
    if source is None:
        faults.check_form("ami", id)
        raise faults.missing("ami", [id])
    noun = tx.state.get(MachineImage, id)
    snapshot = tx.state.get(Snapshot, source.snapshot_id)
    if snapshot is not None and snapshot.state != "completed":
        raise Fault(
            "InvalidAMIID.Unavailable", f"The image ID '{id}' is not available: it is {snapshot.state}"
        )
    tags = tags_for(tx, request, "image", *TAGGED)
    if request.get("CopyImageTags") and noun is not None:
        tags = tuple((dict(noun.tags) | dict(tags)).items())
    new = tx.new(
        Snapshot,
        "snap",
        size=source.volume_gib,
        start_time=tx.now,
        description=f"Copied for DestinationAmi from SourceAmi {id} for SourceSnapshot {source.snapshot_id}.",
        file_system=snapshot.file_system if snapshot else None,
        tags=tags_for(tx, request, "snapshot", *TAGGED),
    )
    name, about = check_name(tx, request.get("Name")), request.get("Description", source.description)
    return _copied(tx, source, new, name, about, tags, region)


def _copied(
    tx: Transaction, source: Image, snapshot: Snapshot, name: str, about: str, tags: Tags, region: str
) -> MachineImage:
    return tx.new(
        MachineImage,
        "ami",
        image_name=name,
        description=about,
        snapshot_id=snapshot.id,
        created=tx.now,
        tags=tags,
        source_image=source.id,
        source_region=region,
        **like(source),
    )


def like(source: Image) -> dict[str, Any]:
    """What an image has as the one that it is made of."""
    return {
        "architecture": source.architecture,
        "root_device": source.root_device,
        "size": source.volume_gib,
        "volume_type": source.volume_type,
        "ena_support": source.ena_support,
        "sriov_net_support": source.sriov_net_support,
        "imds_support": source.imds_support,
        "boot_mode": source.boot_mode,
    }
