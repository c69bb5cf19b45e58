"""What guests trust beside what this machine trusts: an authority of this server's own, for AWS's endpoints.

Its certificate lies in one layer below all guests' own, so it costs an instance nothing. There are the
system's bundles with it, the folder of one's own certificates, and the variables by which programs are told
that bring a bundle of their own.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path

from elastinet.fabric.contract.names import API_AUTHORITY

DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
BUNDLES = (
    DEBIAN,
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
ANCHORS = ("/etc/pki/ca-trust/source/anchors", "/etc/pki/trust/anchors")
OWN = "/usr/local/share/ca-certificates"
"""Where a later `update-ca-certificates` looks."""
BEGIN = "-----BEGIN CERTIFICATE-----"
FILE, SETTINGS = "elastinet.crt", "/etc/environment"
VARIABLES = {"AWS_CA_BUNDLE": DEBIAN, "NODE_EXTRA_CA_CERTS": f"{OWN}/{FILE}"}
TOPS = ("etc", "usr")
"""The top-level folders that the layer has something of."""
FOLDER_MODE, FILE_MODE = 0o755, 0o644


class Layer:
    """A folder of files that lie over those of a machine, whose root is another folder in tests."""

    def __init__(self, folder: Path, machine: Path = Path("/")) -> None:
        self._folder, self._machine = folder, machine

    def fill(
        self, certificate: str, variables: Mapping[str, str] = VARIABLES, *, local: bool = False
    ) -> None:
        """Where the machine has a bundle, have it with one certificate more, if there is one to add.

        With `local` it has those, too, that the machine's administrator has added, and not yet to the bundle.
        """
        bundles = {path: text for path in BUNDLES if (text := self._text(path))}
        first = next(iter(bundles.values()), "")
        for path, text in ({DEBIAN: first} | bundles).items():
            added = [*(self._local(text) if local else ()), *([certificate] if certificate else ())]
            if added:
                self.write(path, reduce(_joined, added, text))
        if certificate:
            for folder in (OWN, *filter(self._has, ANCHORS)):
                self.write(f"{folder}/{FILE}", certificate)
            self.write(f"/etc/ssl/certs/{subject_hash(API_AUTHORITY)}.0", certificate)
        settings = "".join(f"{name}={value}\n" for name, value in variables.items())
        self.write(SETTINGS, _joined(self._text(SETTINGS), settings))

    def _local(self, bundle: str) -> Iterator[str]:
        """The certificates of the machine's own choice that a bundle lacks."""
        for path in sorted(self._there(OWN).rglob("*.crt")):
            text = self._text(str(Path("/", path.relative_to(self._machine)))).strip()
            if text.startswith(BEGIN) and text not in bundle:
                yield f"{text}\n"

    def _there(self, path: str) -> Path:
        return self._machine / path.lstrip("/")

    def _has(self, path: str) -> bool:
        return self._there(path).exists()

    def _text(self, path: str) -> str:
        try:
            return self._there(path).read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return ""

    def write(self, path: str, text: str, mode: int = FILE_MODE) -> None:
        """Write a file of the layer, where the machine's links lead, in folders like the machine's."""
        there = self._there(path)
        target = (there.parent.resolve() / there.name).relative_to(self._machine.resolve())
        if target.parts[0] not in TOPS:
            return
        for folder in reversed(target.parents):
            place, original = self._folder / folder, self._machine / folder
            place.mkdir(exist_ok=True)
            place.chmod(original.stat().st_mode & 0o7777 if original.is_dir() else FOLDER_MODE)
        (self._folder / target).write_text(text, encoding="utf-8", errors="surrogateescape")
        (self._folder / target).chmod(mode)


def subject_hash(name: str) -> str:
    """The name that OpenSSL looks for in a folder of certificates, of a subject that is a common name."""
    value = _der(0x0C, " ".join(name.lower().split()).encode())
    said = _der(0x31, _der(0x30, _der(0x06, bytes((0x55, 4, 3))) + value))
    return f"{int.from_bytes(hashlib.sha1(said, usedforsecurity=False).digest()[:4], 'little'):08x}"


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _joined(text: str, more: str) -> str:
    return text + ("\n" if text and not text.endswith("\n") else "") + more
