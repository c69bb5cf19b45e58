"""The instance identity document and its signatures (facts sheet, section 11.3)."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from elastinet.catalog.images import images
from elastinet.imds.text import pretty, utc
from elastinet.model.instance import Instance

if TYPE_CHECKING:
    from elastinet.imds.signing import Signer


def directory(instance: Instance, signer: Callable[[], "Signer"]) -> Mapping[str, Callable[[], str]]:
    """The items of `instance-identity/`; the signer is asked for only if something is to be signed."""
    document = pretty(identity(instance))
    raw = document.encode()
    return {
        "document": lambda: document,
        "pkcs7": lambda: signer().pkcs7(raw),
        "rsa2048": lambda: signer().pkcs7(raw),
        "signature": lambda: signer().signature(raw),
    }


def identity(instance: Instance) -> dict[str, object]:
    """The content of an instance identity document."""
    return {
        "accountId": instance.owner,
        "architecture": _architecture(instance),
        "availabilityZone": instance.zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": utc(instance.launch_time),
        "privateIp": instance.private_ip or None,
        "ramdiskId": None,
        "region": instance.region,
        "version": "2017-09-30",
    }


def _architecture(instance: Instance) -> str:
    if instance.file_system:
        return instance.file_system.architecture
    image = images(instance.region).get(instance.image_id)
    return image.architecture if image else "x86_64"
