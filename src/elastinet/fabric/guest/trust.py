"""What guests trust beside what this machine trusts: an authority of this server's own, for AWS's endpoints.

Its certificate lies in one layer below all guests' own, so it costs an instance nothing. There are the
system's bundles with it, the folder of one's own certificates, and the variables by which programs are told
that bring a bundle of their own.
"""

import hashlib
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
FILE, SETTINGS = "elastinet.crt", "/etc/environment"
VARIABLES = {"AWS_CA_BUNDLE": DEBIAN, "NODE_EXTRA_CA_CERTS": f"{OWN}/{FILE}"}
TOPS = ("etc", "usr")
"""The top-level folders that the layer has something of."""
FOLDER_MODE, FILE_MODE = 0o755, 0o644


def lay(layer: Path, certificate: str) -> None:
    """Fill a layer's folder; where this machine has a bundle, guests have it with one certificate more."""
    for path in (DEBIAN, *(path for path in BUNDLES[1:] if _is_here(path))):
        _write(layer, path, _joined(_text(path), certificate))
    for folder in (OWN, *filter(_is_here, ANCHORS)):
        _write(layer, f"{folder}/{FILE}", certificate)
    _write(layer, f"/etc/ssl/certs/{subject_hash(API_AUTHORITY)}.0", certificate)
    settings = "".join(f"{name}={value}\n" for name, value in VARIABLES.items())
    _write(layer, SETTINGS, _joined(_text(SETTINGS), settings))


def subject_hash(name: str) -> str:
    """The name that OpenSSL looks for in a folder of certificates, of a subject that is a common name."""
    value = _der(0x0C, " ".join(name.lower().split()).encode())
    said = _der(0x31, _der(0x30, _der(0x06, bytes((0x55, 4, 3))) + value))
    return f"{int.from_bytes(hashlib.sha1(said, usedforsecurity=False).digest()[:4], 'little'):08x}"


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _is_here(path: str) -> bool:
    """True if this machine has it at this very place, and not by a link to another."""
    found = Path(path)
    return found.exists() and found.parent.resolve() == found.parent and not found.is_symlink()


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, PermissionError):
        return ""


def _joined(text: str, more: str) -> str:
    return text + ("\n" if text and not text.endswith("\n") else "") + more


def _write(layer: Path, path: str, text: str) -> None:
    """Write a file of the layer, in folders like this machine's."""
    target = layer / path.lstrip("/")
    for folder in reversed(target.relative_to(layer).parents):
        place, original = layer / folder, Path("/", folder)
        place.mkdir(exist_ok=True)
        place.chmod(original.stat().st_mode & 0o7777 if original.is_dir() else FOLDER_MODE)
    target.write_text(text, encoding="utf-8", errors="surrogateescape")
    target.chmod(FILE_MODE)
