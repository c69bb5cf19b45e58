"""A certificate authority of this server's own, and the certificate that it answers TLS with.

Whoever trusts the authority trusts it for this server's names and addresses only: its certificate says so.
"""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from elastinet import folders
from elastinet.config import Config
from elastinet.serve.origins import NAMES
from elastinet.serve.places import ANSWERING

AUTHORITY, CERTIFICATE = "ca.key.pem", "ca.pem"
"""The authority's key and certificate, and its certificate alone, for clients."""
AUTHORITY_LIFETIME, LIFETIME = datetime.timedelta(days=3650), datetime.timedelta(days=397)
SPARE = datetime.timedelta(days=400)
"""An authority that would end while a certificate of its is in use is made anew."""

Key = ec.EllipticCurvePrivateKey
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def prepare(config: Config, run: Path) -> Path:
    """See that there is an authority, and a fresh certificate in the server's folder.

    The authority lies with the state, so that what clients trust outlives a restart. Gives the file of its
    certificate, for clients. Raises OSError.
    """
    home = config.state_folder or run
    names, addresses = names_of(config), addresses_of(config)
    key, authority = _authority(home / AUTHORITY, names, addresses)
    folders.write_private(home / CERTIFICATE, _pem(authority))
    own = ec.generate_private_key(ec.SECP256R1())
    certificate = _answering(own, key, authority, names, addresses)
    folders.write_private(run / ANSWERING, _key_pem(own) + _pem(certificate) + _pem(authority))
    return home / CERTIFICATE


def names_of(config: Config) -> tuple[str, ...]:
    """The names by which the API is called."""
    return tuple(sorted({*NAMES, *config.hosts}))


def addresses_of(config: Config) -> tuple[Address, ...]:
    """The addresses by which it is called: loopback's, and the one that it listens on if it is one."""
    found = {"127.0.0.1", "::1", config.host}
    parsed = (_address(text) for text in sorted(found))
    return tuple(address for address in parsed if address and not address.is_unspecified)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _authority(
    path: Path, names: tuple[str, ...], addresses: tuple[Address, ...]
) -> tuple[Key, x509.Certificate]:
    """The authority in a file, if it is one for these names and lasts, or else a new one."""
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(ipaddress.ip_network(address)) for address in addresses]
    try:
        text = folders.read_own(path)
        key = serialization.load_pem_private_key(text, None)
        found = x509.load_pem_x509_certificate(text)
        constraints = found.extensions.get_extension_for_class(x509.NameConstraints).value
        lasts = found.not_valid_after_utc > _now() + SPARE
        if isinstance(key, Key) and lasts and constraints.permitted_subtrees == permitted:
            return key, found
    except (OSError, ValueError, InvalidSignature, x509.ExtensionNotFound) as error:
        if isinstance(error, folders.Untrusted):
            raise
    return _new_authority(path, permitted)


def _new_authority(path: Path, permitted: list[x509.GeneralName]) -> tuple[Key, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("elastinet's own authority")
    builder = _builder(key, name, name, AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    folders.write_private(path, _key_pem(key) + _pem(authority))
    return key, authority


def _answering(
    own: Key, key: Key, authority: x509.Certificate, names: tuple[str, ...], addresses: tuple[Address, ...]
) -> x509.Certificate:
    """The server's certificate, of the authority's making."""
    builder = _builder(own, _name("elastinet"), authority.subject, LIFETIME)
    called = [*map(x509.DNSName, names), *map(x509.IPAddress, addresses)]
    builder = builder.add_extension(x509.SubjectAlternativeName(called), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(usage, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    return builder.add_extension(issuer, critical=False).sign(key, hashes.SHA256())


def _builder(
    key: Key, subject: x509.Name, issuer: x509.Name, lifetime: datetime.timedelta
) -> x509.CertificateBuilder:
    begin = _now() - datetime.timedelta(hours=1)  # for clients whose clock is behind
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    return builder.not_valid_before(begin).not_valid_after(begin + lifetime)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    private = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
