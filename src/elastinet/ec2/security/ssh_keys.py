"""SSH keys: made, read in the formats that EC2 imports, and fingerprinted as EC2 does."""

import binascii
import hashlib
from base64 import b64decode, b64encode
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_ssh_public_key,
)

from elastinet.model.fault import Fault

PublicKey = RSAPublicKey | Ed25519PublicKey
RSA_BITS = 2048
_LEAST_BITS, _MOST_BITS = 1024, 4096
_RFC4716 = "---- BEGIN SSH2 PUBLIC KEY ----", "---- END SSH2 PUBLIC KEY ----"


class SshKey(NamedTuple):
    """The key of a key pair: "rsa" or "ed25519", its fingerprint, and the line of its public key."""

    kind: str
    fingerprint: str
    line: str


def make(kind: str) -> tuple[SshKey, str]:
    """A new key of the given kind, and its private half as the client keeps it."""
    # The system's own randomness, not the transaction's dice: nobody may foresee a private key.
    if kind == "ed25519":
        private = Ed25519PrivateKey.generate()
        # ssh loads no key of its own form without the last line's end, and clients write it as it comes
        return _describe(private.public_key()), _pem(private, PrivateFormat.OpenSSH)
    secret = generate_private_key(65537, RSA_BITS)
    public = _describe(secret.public_key())._replace(fingerprint=_of_private(secret))
    return public, _pem(secret, PrivateFormat.TraditionalOpenSSL).rstrip("\n")


def _pem(private: RSAPrivateKey | Ed25519PrivateKey, form: PrivateFormat) -> str:
    return private.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def read(material: bytes) -> SshKey:
    """The key that a client imports: an OpenSSH line, or of RSA also base64 DER or RFC 4716."""
    try:
        key = _load(material.decode("ascii").strip())
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, PublicKey):
        raise Fault("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    if isinstance(key, RSAPublicKey) and not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        sentence = f"RSA keys have {_LEAST_BITS} to {_MOST_BITS} bits, and this one {key.key_size}."
        raise Fault("InvalidKeyPair.Format", sentence)
    return _describe(key)


def _load(text: str) -> object:
    if text.startswith(_RFC4716[0]):
        return load_ssh_public_key(_line_of_rfc4716(text))
    if text.startswith("ssh-"):
        # One line: more would follow the key into the instance's authorized_keys.
        return load_ssh_public_key(text.encode()) if len(text.splitlines()) == 1 else None
    return load_der_public_key(b64decode("".join(text.split()), validate=True))


def _line_of_rfc4716(text: str) -> bytes:
    lines = text.splitlines()
    if lines[-1].strip() != _RFC4716[1]:
        raise ValueError("the key has no end")
    blob = b64decode("".join(line for line in _without_headers(lines[1:-1])), validate=True)
    size = int.from_bytes(blob[:4], "big")
    return blob[4 : 4 + size] + b" " + b64encode(blob)


def _without_headers(lines: list[str]) -> list[str]:
    # A header is "Name: value", and goes on in the next line after a backslash.
    kept, continues = [], False
    for line in lines:
        if not continues and ":" not in line:
            kept.append(line.strip())
        else:
            continues = line.endswith("\\")
    return kept


def _describe(key: PublicKey) -> SshKey:
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    if isinstance(key, RSAPublicKey):
        return SshKey("rsa", _of_public(key), line)
    blob = b64decode(line.split()[1])
    # Unlike ssh-keygen's, without "SHA256:" and with the padding (github.com/mulgadc/spinifex/pull/571).
    return SshKey("ed25519", b64encode(hashlib.sha256(blob).digest()).decode(), line)


def _of_public(key: RSAPublicKey) -> str:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.md5(der, usedforsecurity=False).digest().hex(":")


def _of_private(key: RSAPrivateKey) -> str:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":")
