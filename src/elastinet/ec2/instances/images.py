"""Images."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from elastinet.catalog.images import Image
from elastinet.catalog.instance_hardware import hardware
from elastinet.ec2.core import faults, filters
from elastinet.ec2.core import owners as whose
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.view import StateView
from elastinet.rules.images import all_images

_FILTERS = paths(
    """
    architecture block-device-mapping.delete-on-termination block-device-mapping.device-name
    block-device-mapping.encrypted block-device-mapping.snapshot-id block-device-mapping.volume-size
    block-device-mapping.volume-type boot-mode creation-date description ena-support free-tier-eligible
    hypervisor image-allowed image-id image-type image-watermark.source-image-creation-time
    image-watermark.source-image-id image-watermark.source-image-region
    image-watermark.watermark-creation-time image-watermark.watermark-key
    instance-type-specification.supported-instance-type
    instance-type-specification.unsupported-instance-type kernel-id name owner-id platform
    public-ssm-parameter-name ramdisk-id root-device-name root-device-type
    scan-result.critical-fix-available-since scan-result.finding-scan-date
    scan-result.high-fix-available-since scan-result.highest-finding-severity-label
    scan-result.informational-fix-available-since scan-result.low-fix-available-since
    scan-result.medium-fix-available-since source-image-id source-image-region source-instance-id
    sriov-net-support state virtualization-type
    """,
    {
        "block-device-mapping": "BlockDeviceMappings.Ebs",
        "image-watermark": "ImageWatermarks",
        "scan-result": "ScanResults",
        "supported-instance-type": "SupportedInstanceTypes.InstanceType",
        "unsupported-instance-type": "UnsupportedInstanceTypes.InstanceType",
    },
    block_device_mapping__device_name="BlockDeviceMappings.DeviceName",
    is_public="Public",
    manifest_location="ImageLocation",
    owner_alias="ImageOwnerAlias",
    product_code="ProductCodes.ProductCodeId",
    product_code__type="ProductCodes.ProductCodeType",
    state_reason_code="StateReason.Code",
    state_reason_message="StateReason.Message",
)

GP3 = {"Iops": 3000, "Throughput": 125}
"""What a volume of this type has at the least; EC2 shows it of no other type of an image's."""

STATES = {"pending": "pending", "completed": "available", "error": "failed", "deleting": "failed"}
"""An image's state by that of its snapshot."""


def describe_images(tx: Transaction, request: Request) -> Answer:
    """Images by id, owner, launch permission or filter."""
    request.accept("IncludeDeprecated", "IncludeDisabled")  # no image here is either
    catalogue = {image.id: image for image in all_images(tx.state, tx.scope, tx.settings.images)}
    wanted = request.ids("ImageIds")
    _check_known(wanted, catalogue)
    owners, users = request.ids("Owners"), request.ids("ExecutableUsers")
    whose.check([*owners, *(user for user in users if user != "all")])
    asked = filters.read(request, _FILTERS)
    views = ((id, view_of(tx, catalogue[id])) for id in dict.fromkeys(wanted or catalogue))
    found = [
        (id, seen)
        for id, seen in views
        if _owned(seen, owners, tx.owner) and _open_to(seen, users) and filters.passes(seen, asked, _FILTERS)
    ]
    return page(found, page_size(request), request.get("NextToken"), "Images")


def _check_known(wanted: list[str], catalogue: Mapping[str, Image]) -> None:
    for id in wanted:
        # An operator's own ids are what the configuration says, in whatever form.
        if id not in catalogue:
            faults.check_form("ami", id)
    if lost := [id for id in wanted if id not in catalogue]:
        raise faults.missing("ami", lost)


def _owned(view: StateView, owners: list[str], caller: str) -> bool:
    names = {view["OwnerId"], view.get("ImageOwnerAlias")}
    return not owners or any(caller in names if owner == "self" else owner in names for owner in owners)


def _open_to(view: StateView, users: list[str]) -> bool:
    # Accounts here share no image with one another: a launch permission is everybody's or nobody's.
    return not users or ("all" in users and view["Public"])


def view_of(tx: Transaction, image: Image) -> StateView:
    """An image in the shape of the API, the account's own with its state and its tags."""
    own = tx.get(MachineImage, image.id)
    if own is None:
        return view(image, tx.owner)
    snapshot = tx.state.get(Snapshot, own.snapshot_id)
    return tx.views.of(own, (snapshot,), lambda: tags_if_any(_own_view(own, image, snapshot)))


def _own_view(own: MachineImage, image: Image, snapshot: Snapshot | None) -> dict[str, Any]:
    """What an account's own image shows beside what all do."""
    state, shown = snapshot.state if snapshot else "deleting", dict(view(image, own.owner))
    shown |= {"State": STATES[state], "ImageLocation": f"{own.owner}/{own.image_name}", "Tags": tag_set(own)}
    if state == "error" and snapshot:
        shown["StateReason"] = {"Code": "Client.InternalError", "Message": snapshot.description}
    sources = {
        "SourceInstanceId": own.source_instance,
        "SourceImageId": own.source_image,
        "SourceImageRegion": own.source_region,
    }
    return shown | {name: value for name, value in sources.items() if value}


@cache
def view(image: Image, caller: str) -> StateView:
    """An image in the shape of the API; who sees one of the operator's own is its owner."""
    is_own = image.owner == "self"
    owner = caller if is_own else image.owner
    optional = {
        "ImageOwnerAlias": image.owner_alias,
        "SriovNetSupport": image.sriov_net_support,
        "ImdsSupport": image.imds_support,
        "BootMode": image.boot_mode,
        "Platform": image.platform,
        "PublicSsmParameterName": next(iter(image.parameters), None),
    }
    return StateView(
        ImageId=image.id,
        ImageLocation=f"{image.owner_alias or owner}/{image.name}",
        Name=image.name,
        Description=image.description,
        OwnerId=owner,
        Public=image.is_public and not is_own,
        CreationDate=image.creation_date,
        EnaSupport=image.ena_support,
        **_machine(image),
        **{name: value for name, value in optional.items() if value is not None},
    )


def _machine(image: Image) -> dict[str, Any]:
    return {
        "State": "available",
        "ImageType": "machine",
        "Architecture": image.architecture,
        **platform(image.platform),
        "Hypervisor": "xen",
        "VirtualizationType": "hvm",
        "RootDeviceName": image.root_device,
        "RootDeviceType": "ebs",
        "BlockDeviceMappings": [{"DeviceName": image.root_device, "Ebs": _root_volume(image)}],
    }


def platform(name: str | None) -> dict[str, str]:
    """The members of a view about an operating system and how it is billed."""
    if name == "windows":
        return {"PlatformDetails": "Windows", "UsageOperation": "RunInstances:0002"}
    return {"PlatformDetails": "Linux/UNIX", "UsageOperation": "RunInstances"}


def boot_modes(image: Image | None, instance_type: str) -> dict[str, str]:
    """The members of an instance's view about how it boots: what its image prefers, if its type can."""
    can = hardware(instance_type).words("boot_modes")
    prefers = image.boot_mode if image else None
    now = "uefi" if can == ["uefi"] or (prefers == "uefi-preferred" and "uefi" in can) else "legacy-bios"
    return ({"BootMode": prefers} if prefers else {}) | {"CurrentInstanceBootMode": now}


def _root_volume(image: Image) -> dict[str, Any]:
    return {
        **(GP3 if image.volume_type == "gp3" else {}),
        "SnapshotId": image.snapshot_id,
        "VolumeSize": image.volume_gib,
        "VolumeType": image.volume_type,
        "DeleteOnTermination": image.delete_on_termination,
        "Encrypted": False,
    }
