"""The images that instances can be launched from.

Every instance boots the userland of this machine: an image here is only what the API says of it.
"""

import hashlib
from collections.abc import Mapping
from functools import cache

import msgspec


class Image(msgspec.Struct, frozen=True):
    """An AMI as DescribeImages shows it; `platform` is "windows", or None for Linux."""

    id: str
    name: str
    description: str
    architecture: str
    owner: str
    owner_alias: str | None
    root_device: str = "/dev/xvda"
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    imds_support: str | None = None
    platform: str | None = None
    creation_date: str = "2026-10-01T00:00:00.000Z"


class _Recipe(msgspec.Struct, frozen=True):
    name: str
    description: str
    architecture: str
    owner: str
    owner_alias: str | None = None
    root_device: str = "/dev/xvda"
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    imds_support: str | None = None
    platform: str | None = None


_RECIPES = (
    _Recipe(
        "al2023-ami-2023.9.20261001.0-kernel-6.1-x86_64", "Amazon Linux 2023 AMI x86_64 HVM kernel-6.1",
        "x86_64", "137112412989", "amazon", imds_support="v2.0",
    ),
    _Recipe(
        "al2023-ami-2023.9.20261001.0-kernel-6.1-arm64", "Amazon Linux 2023 AMI arm64 HVM kernel-6.1",
        "arm64", "137112412989", "amazon", imds_support="v2.0",
    ),
    _Recipe(
        "amzn2-ami-hvm-2.0.20261001.0-x86_64-gp2", "Amazon Linux 2 AMI x86_64 HVM gp2",
        "x86_64", "137112412989", "amazon",
    ),
    _Recipe(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261001",
        "Canonical, Ubuntu, 24.04 LTS, amd64 noble image", "x86_64", "099720109477", None, "/dev/sda1",
    ),
    _Recipe(
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261001",
        "Canonical, Ubuntu, 24.04 LTS, arm64 noble image", "arm64", "099720109477", None, "/dev/sda1",
    ),
    _Recipe(
        "debian-12-amd64-20261001-1254", "Debian 12 (20261001-1254)", "x86_64", "136693071363",
    ),
    _Recipe(
        "elastinet-no-ena-x86_64", "An image without the ENA driver, for the types that do not need it",
        "x86_64", "137112412989", "amazon", ena_support=False, sriov_net_support=None,
    ),
    _Recipe(
        "Windows_Server-2022-English-Full-Base-2026.10.01", "Windows Server 2022, in name only",
        "x86_64", "801119661308", "amazon", "/dev/sda1", sriov_net_support=None, platform="windows",
    ),
)  # fmt: skip


def _bake(recipe: _Recipe, region: str) -> Image:
    digest = hashlib.sha256(f"{region}/{recipe.name}".encode()).hexdigest()
    return Image(id=f"ami-{digest[:17]}", **msgspec.structs.asdict(recipe))


def _own(id: str) -> Image:
    return Image(id, f"own-{id}", "An image named in the configuration", "x86_64", "self", None)


@cache
def images(region: str, own: tuple[str, ...] = ()) -> Mapping[str, Image]:
    """A region's images by id, with those of the operator's own."""
    return {image.id: image for image in (*(_bake(r, region) for r in _RECIPES), *map(_own, own))}
