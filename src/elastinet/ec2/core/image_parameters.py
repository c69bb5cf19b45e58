"""Images by the public parameters of SSM that name them."""

from elastinet.catalog.images import Image, public_parameters
from elastinet.ec2.core import faults
from elastinet.ec2.core.transaction import Transaction

BY_PARAMETER = "resolve:ssm:"
VERSION = 1
"""Images here have no older ones, so their parameters have one version."""


def find(tx: Transaction, name: str) -> Image | None:
    """The image that a parameter names, by its name alone or with its version ("name:1")."""
    name, _, version = name.partition(":")
    return public_parameters(tx.region).get(name) if version in ("", str(VERSION)) else None


def resolved(tx: Transaction, image_id: str) -> str:
    """The id of the image that a launch names, by itself or by a parameter ("resolve:ssm:…")."""
    if not image_id.startswith(BY_PARAMETER):
        return image_id
    image = find(tx, image_id.removeprefix(BY_PARAMETER))
    if image is None:
        raise faults.invalid(image_id, "imageId", "There is no such parameter.")
    return image.id
