"""Attributes of images, one a call; nobody changes them, for images come from a catalogue."""

from typing import Any

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.images import view_of
from elastinet.ec2.instances.launch import find_image
from elastinet.model.fault import Fault

MEMBERS = {
    "description": "Description",
    "imdsSupport": "ImdsSupport",
    "sriovNetSupport": "SriovNetSupport",
}
NOT_SET = {
    "bootMode": "BootMode",
    "kernel": "KernelId",
    "ramdisk": "RamdiskId",
    "tpmSupport": "TpmSupport",
}


def describe_image_attribute(tx: Transaction, request: Request) -> Answer:
    """One attribute of an image; that of ENA is no such attribute on EC2, DescribeImages tells it."""
    image = find_image(tx, request["ImageId"])
    name = request["Attribute"]
    return {"ImageId": image.id, **_shown(view_of(tx, image), name)}


def _shown(image: dict[str, Any], name: str) -> dict[str, Any]:
    if name in NOT_SET:
        return {NOT_SET[name]: {}}
    if name in MEMBERS:
        value = image.get(MEMBERS[name])
        return {MEMBERS[name]: {"Value": value} if value else {}}
    match name:
        case "launchPermission":
            return {"LaunchPermissions": [{"Group": "all"}] if image["Public"] else []}
        case "productCodes":
            return {"ProductCodes": []}
        case "blockDeviceMapping":  # deprecated, and answered like this (botocore's model)
            raise Fault("AuthFailure", f"Not authorized for image:{image['ImageId']}", 403)
    raise faults.unsupported(f"elastinet does not support {name} in DescribeImageAttribute.")
