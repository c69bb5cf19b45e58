"""Signatures of the instance identity document, with a key and a certificate of our own.

EC2 signs with the key of a region and publishes the certificate in its guide; this one is told by
`GET /_elastinet/identity-certificate`.
"""

import base64
import datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

LIFETIME = datetime.timedelta(days=36500)


class Signer:
    """Signs documents; its key is kept in a file, so that signatures outlive a restart."""

    def __init__(self, path: Path | None = None) -> None:
        self._key, self._certificate = _load(path) if path and path.exists() else _make(path)
        self._remember = lru_cache(maxsize=256)(self._sign_pkcs7)

    @property
    def certificate(self) -> bytes:
        """The certificate in PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def signature(self, document: bytes) -> str:
        """A bare RSA signature with SHA-256, in base64."""
        return _lines(self._key.sign(document, padding.PKCS1v15(), hashes.SHA256()))

    def pkcs7(self, document: bytes) -> str:
        """The document signed as PKCS #7, in base64 without a PEM's first and last line."""
        return self._remember(document)

    def _sign_pkcs7(self, document: bytes) -> str:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(document)
        builder = builder.add_signer(self._certificate, self._key, hashes.SHA256())
        options = [pkcs7.PKCS7Options.Binary]
        return _lines(builder.sign(serialization.Encoding.DER, options))


def _lines(raw: bytes) -> str:
    text = base64.b64encode(raw).decode()
    return "\n".join(text[start : start + 64] for start in range(0, len(text), 64))


def _load(path: Path) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    text = path.read_bytes()
    key = serialization.load_pem_private_key(text, None)
    assert isinstance(key, rsa.RSAPrivateKey), path
    return key, x509.load_pem_x509_certificate(text)


def _make(path: Path | None) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "elastinet")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + LIFETIME)
    certificate = builder.sign(key, hashes.SHA256())
    if path is not None:
        _keep(path, key, certificate)
    return key, certificate


def _keep(path: Path, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.touch(0o600)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
