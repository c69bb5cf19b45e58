"""What guests trust beside what this machine trusts: an authority of this server's own, for AWS's endpoints.

Its certificate lies in one layer below all guests' own, so it costs an instance nothing. There are the
system's bundles with it, the folder of one's own certificates, and the variables by which programs are told
that bring a bundle of their own.
"""

import re
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
CERTIFICATE = re.compile(
    r"^-----BEGIN CERTIFICATE-----$.+?^-----END CERTIFICATE-----$", re.MULTILINE | re.DOTALL
)
"""One in a file, which may have several, and a secret key beside them."""
MACHINE = Path("/")
LOCAL_FILE = "elastinet-machine-{}.crt"
FILE, SETTINGS = "elastinet.crt", "/etc/environment"
VARIABLES = {"AWS_CA_BUNDLE": DEBIAN, "NODE_EXTRA_CA_CERTS": f"{OWN}/{FILE}"}
TOPS = ("etc", "usr")
"""The top-level folders that the layer has something of."""
MOST_BYTES = 8 << 20
FOLDER_MODE, FILE_MODE = 0o755, 0o644


class Layer:
    """A folder of files that lie over those of a root: `machine`'s own, or an image's.

    Administrators of `machine` have added certificates of their own.
    """

    def __init__(self, folder: Path, root: Path = MACHINE, machine: Path = MACHINE) -> None:
        self._folder, self._root, self._machine = folder, root, machine

    def fill(
        self, certificate: str, variables: Mapping[str, str] = VARIABLES, *, local: bool = False
    ) -> None:
        """Where the root has a bundle, have it with one certificate more, if there is one to add.

        With `local` it has those, too, that the machine's administrator has added, and not yet to the bundle.
        """
        others = tuple(dict.fromkeys(_local(self._machine))) if local else ()
        files = {FILE: certificate} if certificate else {}
        if self._root != self._machine:
            files |= {LOCAL_FILE.format(number): text for number, text in enumerate(others, 1)}
        with inroot.tree(self._root) as root:
            bundles = {path: text for path in BUNDLES if (text := _text(root, path))}
            first = next(iter(bundles.values()), "")
            for path, text in ({DEBIAN: first} | bundles).items():
                added = [*(other for other in others if other not in text), *filter(None, [certificate])]
                if added:
                    self._write(root, path, reduce(_joined, added, text))
            for folder in (OWN, *(anchor for anchor in ANCHORS if root.stat(anchor))):
                for name, text in files.items():
                    self._write(root, f"{folder}/{name}", text)
            if certificate:
                self._write(root, f"/etc/ssl/certs/{subject_hash(API_AUTHORITY)}.0", certificate)
            settings = "".join(f"{name}={value}\n" for name, value in variables.items())
            self._write(root, SETTINGS, _joined(_text(root, SETTINGS), settings))

    def write(self, path: str, text: str, mode: int = FILE_MODE) -> None:
        """Write a file of the layer, where the root's links lead, in folders like the root's."""
        with inroot.tree(self._root) as root:
            self._write(root, path, text, mode)

    def _write(self, root: inroot.Tree, path: str, text: str, mode: int = FILE_MODE) -> None:
        target = _target(root, path)
        if target.parts[0] not in TOPS:
            return
        for above in list(reversed(target.parents))[1:]:
            place, original = self._folder / above, root.stat(str(above))
            place.mkdir(exist_ok=True)
            is_folder = original is not None and stat.S_ISDIR(original.st_mode)
            place.chmod(original.st_mode & 0o7777 if original and is_folder else FOLDER_MODE)
        (self._folder / target).write_text(text, encoding="utf-8", errors="surrogateescape")
        (self._folder / target).chmod(mode)


def _target(root: inroot.Tree, path: str) -> Path:
    """Where a path leads: a bundle's link stays one, so that whoever makes the bundle anew changes both."""
    found = root.stat(path)
    if found and stat.S_ISREG(found.st_mode):
        target = Path(root.real(path)).relative_to("/")
        if target.parts[0] in TOPS:
            return target
    folder, _, name = path.rpartition("/")
    return Path(root.real(folder), name).relative_to("/")


def _local(machine: Path) -> Iterator[str]:
    """The certificates of a machine's own choice, and nothing else that is in their files."""
    for path in sorted((machine / OWN.lstrip("/")).rglob("*.crt")):
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except (FileNotFoundError, PermissionError):
            continue
        yield from (f"{one}\n" for one in CERTIFICATE.findall(text.replace("\r\n", "\n")))


def _text(root: inroot.Tree, path: str) -> str:
    return (root.read(path, MOST_BYTES) or b"").decode("utf-8", "surrogateescape")


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
