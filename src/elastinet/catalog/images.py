"""The images that instances can be launched from.

Every instance boots the userland of this machine: an image here is only what the API says of it. Names,
owners, root devices and public parameters are as their publishers have them; the day is one for all.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

DAY = "20261001"
WINDOWS_GIB = 30
ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
"""As EC2 calls them, and as Debian and Ubuntu do."""


class Image(msgspec.Struct, frozen=True):
    """An AMI as DescribeImages shows it; `platform` is "windows", or None for Linux.

    `parameters` are the public parameters of SSM that name it. An account's own image has a `snapshot`.
    """

    id: str
    name: str
    description: str
    architecture: str
    owner: str
    owner_alias: str | None = "amazon"
    root_device: str = "/dev/xvda"
    volume_type: str = "gp3"
    volume_gib: int = 8
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    imds_support: str | None = None
    boot_mode: str | None = None
    platform: str | None = None
    creation_date: str = "2026-10-01T00:00:00.000Z"
    parameters: tuple[str, ...] = ()
    snapshot: str = ""
    is_public: bool = True
    delete_on_termination: bool = True

    @property
    def snapshot_id(self) -> str:
        """The snapshot of its root volume."""
        return self.snapshot or self.id.replace("ami-", "snap-", 1)


def _bake(region: str, name: str, description: str, architecture: str, owner: str, **fields: object) -> Image:
    digest = hashlib.sha256(f"{region}/{name}".encode()).hexdigest()
    about = {"name": name, "description": description, "architecture": architecture, "owner": owner}
    return msgspec.convert({"id": f"ami-{digest[:17]}", **about, **fields}, Image)


AMAZON, CANONICAL, DEBIAN, MICROSOFT = "137112412989", "099720109477", "136693071363", "801119661308"
"""The accounts that publish; that of the last is Amazon's, for Windows."""
FCK_NAT = "568608671756"
EC2_USER = "ec2-user"
USERS = {CANONICAL: "ubuntu", DEBIAN: "admin"}


def _amazon_linux_2023(region: str, architecture: str) -> Iterator[Image]:
    for variant, gib in (("", 8), ("-minimal", 2)):
        about = f"Amazon Linux 2023{variant.replace('-', ' ')} AMI {architecture} HVM kernel-6.1"
        name = f"al2023-ami{variant}-2023.9.{DAY}.0-kernel-6.1-{architecture}"
        kernels = [f"al2023-ami{variant}-kernel-{kernel}-{architecture}" for kernel in ("default", "6.1")]
        more = {
            "imds_support": "v2.0",
            "boot_mode": "uefi-preferred",
            "volume_gib": gib,
            "parameters": _latest("amazon-linux", *kernels),
        }
        yield _bake(region, name, about, architecture, AMAZON, **more)


def _amazon_linux_2(region: str, architecture: str) -> Iterator[Image]:
    kinds = [("hvm", "gp2"), ("kernel-5.10-hvm", "gp2")]
    kinds += [("hvm", "ebs"), ("minimal-hvm", "ebs")] if architecture == "x86_64" else []
    for kind, volume in kinds:
        name, end = f"amzn2-ami-{kind}-2.0.{DAY}.0-{architecture}-{volume}", f"{architecture}-{volume}"
        more = {
            "volume_type": "standard" if volume == "ebs" else volume,
            "volume_gib": 2 if kind.startswith("minimal") else 8,
            "parameters": _latest("amazon-linux", f"amzn2-ami-{kind}-{end}"),
        }
        yield _bake(
            region, name, f"Amazon Linux 2 AMI {architecture} {kind} {volume}", architecture, AMAZON, **more
        )


def _amazon_linux_1(region: str) -> Iterator[Image]:
    """Still named by many public modules, and by those that make a NAT instance of its own image for that."""
    for kind, volume in (("hvm", "gp2"), ("vpc-nat", "ebs")):
        more = {
            "volume_type": "standard" if volume == "ebs" else volume,
            "parameters": _latest("amazon-linux", f"amzn-ami-{kind}-x86_64-{volume}"),
        }
        name, about = (
            f"amzn-ami-{kind}-2018.03.0.{DAY}.0-x86_64-{volume}",
            f"Amazon Linux AMI 2018.03.0 {kind}",
        )
        yield _bake(region, name, about, "x86_64", AMAZON, **more)


def _fck_nat(region: str, architecture: str) -> Iterator[Image]:
    name = f"fck-nat-al2023-hvm-1.4.0-{DAY}-{architecture}-ebs"
    about = "fck-nat, in name only: an instance here forwards what its own programs set up"
    yield _bake(region, name, about, architecture, FCK_NAT, owner_alias=None)


def _latest(family: str, *names: str) -> list[str]:
    return [f"/aws/service/ami-{family}-latest/{name}" for name in names]


UBUNTU = (("focal", "20.04", "gp2"), ("jammy", "22.04", "gp2"), ("noble", "24.04", "gp3"))
"""Ubuntu's releases, and the volume that each is published for."""


def _ubuntu(region: str, architecture: str) -> Iterator[Image]:
    machine = ARCHITECTURES[architecture]
    for code, release, volume in UBUNTU:
        folder = "hvm-ssd" if volume == "gp2" else f"hvm-ssd-{volume}"
        name = f"ubuntu/images/{folder}/ubuntu-{code}-{release}-{machine}-server-{DAY}"
        about = f"Canonical, Ubuntu, {release} LTS, {machine} {code} image"
        place = f"stable/current/{machine}/hvm/ebs-{volume}/ami-id"
        more = {
            "root_device": "/dev/sda1",
            "volume_type": volume,
            "parameters": [f"/aws/service/canonical/ubuntu/server/{r}/{place}" for r in (release, code)],
        }
        yield _bake(region, name, about, architecture, CANONICAL, **more)


def _debian(region: str, architecture: str) -> Iterator[Image]:
    machine = ARCHITECTURES[architecture]
    for release, code, build in ((12, "bookworm", 1254), (13, "trixie", 2252)):
        name = f"debian-{release}-{machine}-{DAY}-{build}"
        about = f"Debian {release} ({DAY}-{build})"
        named = [f"/aws/service/debian/release/{r}/latest/{machine}" for r in (release, code)]
        yield _bake(region, name, about, architecture, DEBIAN, parameters=named)


def _windows(region: str) -> Iterator[Image]:
    for year in (2019, 2022, 2025):
        for kind in ("Full", "Core"):
            name = f"Windows_Server-{year}-English-{kind}-Base"
            more = {
                "root_device": "/dev/sda1",
                "volume_gib": WINDOWS_GIB,
                "sriov_net_support": None,
                "platform": "windows",
                "parameters": _latest("windows", name),
            }
            about = f"Windows Server {year} {kind}, in name only"
            yield _bake(region, f"{name}-2026.10.01", about, "x86_64", MICROSOFT, **more)


def _public(region: str) -> Iterator[Image]:
    for publish in (_amazon_linux_2023, _amazon_linux_2, _ubuntu, _debian, _fck_nat):
        for architecture in ARCHITECTURES:
            yield from publish(region, architecture)
    yield from _amazon_linux_1(region)
    about = "An image without the ENA driver, for the types that do not need it"
    no_driver = {"ena_support": False, "sriov_net_support": None}
    yield _bake(region, "elastinet-no-ena-x86_64", about, "x86_64", AMAZON, **no_driver)
    yield from _windows(region)


def _own(id: str) -> Image:
    return Image(id, f"own-{id}", "An image named in the configuration", "x86_64", "self", None)


@cache
def images(region: str, own: tuple[str, ...] = ()) -> Mapping[str, Image]:
    """A region's images by id, with those of the operator's own."""
    return {image.id: image for image in (*_public(region), *map(_own, own))}


def default_user(id: str, region: str) -> str:
    """Who logs in to instances of an image: as its publisher has it, and Amazon's user for all others."""
    image = images(region).get(id)
    return USERS.get(image.owner, EC2_USER) if image else EC2_USER


@cache
def public_parameters(region: str) -> Mapping[str, Image]:
    """A region's images by the names of SSM's public parameters, in their order."""
    named = {name: image for image in _public(region) for name in image.parameters}
    return dict(sorted(named.items()))
