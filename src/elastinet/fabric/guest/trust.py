"""What guests trust beside what this machine trusts: an authority of this server's own, for AWS's endpoints.

Its certificate lies in one layer below all guests' own, so it costs an instance nothing. There are the
system's bundles with it, the folder of one's own certificates, and the variables by which programs are told
that bring a bundle of their own.
"""

import stat
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path

from elastinet.fabric.contract.names import API_AUTHORITY
from elastinet.fabric.kernel import inroot

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
MOST_BYTES = 8 << 20
FOLDER_MODE, FILE_MODE = 0o755, 0o644


class Layer:
    """A folder of files that lie over those of a machine, or of an image, whose root is another folder."""

    def __init__(self, folder: Path, machine: Path = Path("/")) -> None:
        self._folder, self._root = folder, machine

    def fill(
        self, certificate: str, variables: Mapping[str, str] = VARIABLES, *, local: bool = False
    ) -> None:
        """Where the machine has a bundle, have it with one certificate more, if there is one to add.

        With `local` it has those, too, that the machine's administrator has added, and not yet to the bundle.
        """
        with inroot.tree(self._root) as machine:
            bundles = {path: text for path in BUNDLES if (text := _text(machine, path))}
            first = next(iter(bundles.values()), "")
            for path, text in ({DEBIAN: first} | bundles).items():
                added = [*(self._local(text) if local else ()), *([certificate] if certificate else ())]
                if added:
                    self._write(machine, path, reduce(_joined, added, text))
            if certificate:
                for folder in (OWN, *(anchor for anchor in ANCHORS if machine.stat(anchor))):
                    self._write(machine, f"{folder}/{FILE}", certificate)
                self._write(machine, f"/etc/ssl/certs/{subject_hash(API_AUTHORITY)}.0", certificate)
            settings = "".join(f"{name}={value}\n" for name, value in variables.items())
            self._write(machine, SETTINGS, _joined(_text(machine, SETTINGS), settings))

    def _local(self, bundle: str) -> Iterator[str]:
        """The certificates of this machine's own choice that a bundle lacks."""
        for path in sorted((self._root / OWN.lstrip("/")).rglob("*.crt")):
            text = _certificate(path)
            if text and text not in bundle:
                yield f"{text}\n"

    def write(self, path: str, text: str, mode: int = FILE_MODE) -> None:
        """Write a file of the layer, where the machine's links lead, in folders like the machine's."""
        with inroot.tree(self._root) as machine:
            self._write(machine, path, text, mode)

    def _write(self, machine: inroot.Tree, path: str, text: str, mode: int = FILE_MODE) -> None:
        folder, _, name = path.rpartition("/")
        target = Path(machine.real(folder), name).relative_to("/")
        if target.parts[0] not in TOPS:
            return
        for above in list(reversed(target.parents))[1:]:
            place, original = self._folder / above, machine.stat(str(above))
            place.mkdir(exist_ok=True)
            is_folder = original is not None and stat.S_ISDIR(original.st_mode)
            place.chmod(original.st_mode & 0o7777 if original and is_folder else FOLDER_MODE)
        (self._folder / target).write_text(text, encoding="utf-8", errors="surrogateescape")
        (self._folder / target).chmod(mode)


def _certificate(path: Path) -> str:
    """A file's certificate, if it has one and may be read."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except (FileNotFoundError, PermissionError):
        return ""
    return text if text.startswith(BEGIN) else ""


def _text(machine: inroot.Tree, path: str) -> str:
    return (machine.read(path, MOST_BYTES) or b"").decode("utf-8", "surrogateescape")


def subject_hash(name: str) -> str:
    """The name that OpenSSL looks for in a folder of certificates, of a subject that is a common name."""
    import hashlib  # here: only who trusts one more authority needs it

    value = _der(0x0C, " ".join(name.lower().split()).encode())
    said = _der(0x31, _der(0x30, _der(0x06, bytes((0x55, 4, 3))) + value))
    return f"{int.from_bytes(hashlib.sha1(said, usedforsecurity=False).digest()[:4], 'little'):08x}"


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _joined(text: str, more: str) -> str:
    return text + ("\n" if text and not text.endswith("\n") else "") + more
