"""Archives of layers, as tars: an OCI layout, or what `docker save` writes; the layers of the image in it."""

import hashlib
import os
import re
import tarfile
from collections.abc import Iterator
from typing import IO, TypeVar

import msgspec

from elastinet.fabric.images.formats import BLOCK, CHUNK, Ahead
from elastinet.fabric.images.refused import RefusedError

FIRST = re.compile(
    r"(blobs|oci-layout|index\.json|manifest\.json|repositories|[0-9a-f]{64}(\.json|\.tar)?)(/.*)?\Z"
)
"""The names of which one begins an archive of layers, and no root file system."""
LOOK = 1 << 16
MOST_FILES, MOST_JSON, MOST_LAYERS, MOST_LEVELS = 10_000, 4 << 20, 500, 4
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
NO_PLATFORM = ("unknown", "")
T = TypeVar("T")


class Platform(msgspec.Struct):
    """What a manifest, or an image's configuration, is for."""

    architecture: str = ""
    os: str = ""


class Descriptor(msgspec.Struct):
    """A reference to a blob."""

    digest: str
    mediaType: str = ""
    platform: Platform | None = None


class Index(msgspec.Struct):
    """An index of manifests, or a manifest itself: then it has layers."""

    manifests: list[Descriptor] = []
    layers: list[Descriptor] = []


class Saved(msgspec.Struct, rename="pascal"):
    """An image as `docker save` lists it."""

    config: str
    layers: list[str]


def is_of_layers(source: Ahead) -> bool:
    """True if a tar begins as an archive of layers does; nothing is read."""
    at = 0
    while at < LOOK and len(head := source.peek(at + BLOCK)[at:]) == BLOCK:
        try:
            member = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        except tarfile.TarError:
            return False
        name = member.name.removeprefix("./").strip("/")
        if member.type not in (tarfile.XHDTYPE, tarfile.XGLTYPE) and name not in ("", "."):
            return FIRST.match(name) is not None
        at += BLOCK + -(-max(member.size, 0) // BLOCK) * BLOCK
    return False


class Archive:
    """An archive of layers in a file."""

    def __init__(self, file: IO[bytes], machine: str = os.uname().machine) -> None:
        self._wanted = MACHINES.get(machine, machine)
        self._tar = tarfile.TarFile(fileobj=file)
        self._members: dict[str, tarfile.TarInfo] = {}
        for number, member in enumerate(self._tar):
            if number == MOST_FILES:
                raise RefusedError(f"it has more than {MOST_FILES} files beside its layers")
            self._members[member.name.removeprefix("./")] = member

    def layers(self) -> Iterator[IO[bytes]]:
        """The layers, the lowest first, packed as they are."""
        names = self._saved() if "manifest.json" in self._members else self._of_index()
        if not names:
            raise RefusedError("its image has no layers")
        if len(names) > MOST_LAYERS:
            raise RefusedError(f"its image has more than {MOST_LAYERS} layers")
        return (self._open(name) for name in names)

    def _saved(self) -> list[str]:
        images = self._read("manifest.json", list[Saved])
        if len(images) != 1:
            raise RefusedError(f"it has {len(images)} images: an archive of one is wanted")
        (image,) = images
        self._check(self._read(image.config, Platform))
        return image.layers

    def _of_index(self) -> list[str]:
        if "index.json" not in self._members:
            raise RefusedError("it has no manifest.json and no index.json: it is no archive of an image")
        index = self._read("index.json", Index)
        for _ in range(MOST_LEVELS):
            if index.layers or not index.manifests:
                return [_blob(layer.digest) for layer in index.layers]
            index = self._read(_blob(self._chosen(index.manifests).digest), Index)
        raise RefusedError("its indexes are nested too deep")

    def _chosen(self, manifests: list[Descriptor]) -> Descriptor:
        """The manifest for this machine; one that says nothing of platforms may be."""
        named = [m.platform for m in manifests if m.platform and m.platform.architecture not in NO_PLATFORM]
        fitting = [m for m in manifests if m.platform and self._fits(m.platform)]
        fitting = fitting or [m for m in manifests if m.platform is None]
        if not fitting:
            self._check(named[0] if named else Platform())
        if len(fitting) > 1:
            raise RefusedError(f"it has {len(fitting)} images for this machine: an archive of one is wanted")
        return fitting[0]

    def _fits(self, platform: Platform) -> bool:
        return platform.os in ("linux", "") and platform.architecture in (self._wanted, "")

    def _check(self, platform: Platform) -> None:
        if not self._fits(platform):
            said = f"{platform.os or 'linux'}/{platform.architecture}"
            raise RefusedError(f"it is for {said!a}, and this machine is linux/{self._wanted}")

    def _read(self, name: str, kind: type[T]) -> T:
        with self._open(name, MOST_JSON) as file:
            try:
                return msgspec.json.decode(file.read(MOST_JSON), type=kind)
            except (msgspec.DecodeError, RecursionError) as error:
                raise RefusedError(f"its {name!a} is none: {error}") from None

    def _open(self, name: str, most: int | None = None) -> IO[bytes]:
        """A file of the archive, which is what its name says if that is a digest."""
        member = self._members.get(name)
        try:
            file = self._tar.extractfile(member) if member else None
        except (KeyError, RecursionError):
            file = None
        if file is None:
            raise RefusedError(f"it lacks {name!a}")
        if most is not None and member and member.size > most:
            raise RefusedError(f"its {name!a} has more than {most >> 20} MiB")
        if name.startswith("blobs/sha256/"):
            if _digest(file) != name.rpartition("/")[2]:
                raise RefusedError(f"its {name!a} is damaged")
            file.seek(0)
        return file


def _digest(file: IO[bytes]) -> str:
    found = hashlib.sha256()
    while data := file.read(CHUNK):
        found.update(data)
    return found.hexdigest()


def _blob(digest: str) -> str:
    match = DIGEST.fullmatch(digest)
    if match is None:
        raise RefusedError(f"{digest[:80]!a} is no digest of sha256")
    return f"blobs/sha256/{match[1]}"
