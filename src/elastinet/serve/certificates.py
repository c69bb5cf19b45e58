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
from elastinet.catalog.aws_endpoints import DOMAINS, certified_names
from elastinet.config import Config
from elastinet.fabric.contract.names import API_AUTHORITY
from elastinet.serve.origins import NAMES
from elastinet.serve.places import ANSWERING, INSIDE, INSIDE_CA

AUTHORITY, CERTIFICATE = "ca.key.pem", "ca.pem"
"""The authority's key and certificate, and its certificate alone, for clients."""
INSIDE_AUTHORITY = "inside.key.pem"
"""The key and certificate of the authority of AWS's endpoints."""
OWN = "elastinet's own authority"
ALL_ADDRESSES = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
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
    permitted = [*map(x509.DNSName, names), *map(x509.IPAddress, map(ipaddress.ip_network, addresses))]
    key, authority = _authority(home / AUTHORITY, OWN, x509.NameConstraints(permitted, None))
    folders.write_private(home / CERTIFICATE, _pem(authority))
    _answer(run / ANSWERING, key, authority, [*map(x509.DNSName, names), *map(x509.IPAddress, addresses)])
    return home / CERTIFICATE


def prepare_inside(config: Config, run: Path) -> Path:
    """The same for AWS's endpoints: an authority for their domains alone, which instances trust."""
    home = config.state_folder or run
    constraints = x509.NameConstraints([*map(x509.DNSName, DOMAINS)], [*map(x509.IPAddress, ALL_ADDRESSES)])
    key, authority = _authority(home / INSIDE_AUTHORITY, API_AUTHORITY, constraints)
    folders.write_private(run / INSIDE_CA, _pem(authority))
    _answer(run / INSIDE, key, authority, [*map(x509.DNSName, certified_names())])
    return run / INSIDE_CA


def _answer(path: Path, key: Key, authority: x509.Certificate, called: list[x509.GeneralName]) -> None:
    """Write a fresh key and a certificate of it, of the authority's making."""
    own = ec.generate_private_key(ec.SECP256R1())
    certificate = _answering(own, key, authority, called)
    folders.write_private(path, _key_pem(own) + _pem(certificate) + _pem(authority))


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


def _authority(path: Path, name: str, constraints: x509.NameConstraints) -> tuple[Key, x509.Certificate]:
    """The authority in a file, if it is one within these constraints and lasts, or else a new one."""
    try:
        text = folders.read_own(path)
        key = serialization.load_pem_private_key(text, None)
        found = x509.load_pem_x509_certificate(text)
        kept = found.extensions.get_extension_for_class(x509.NameConstraints).value
        lasts = found.not_valid_after_utc > _now() + SPARE
        if isinstance(key, Key) and lasts and kept == constraints:
            return key, found
    except (OSError, ValueError, InvalidSignature, x509.ExtensionNotFound) as error:
        if isinstance(error, folders.Untrusted):
            raise
    return _new_authority(path, _name(name), constraints)


def _new_authority(
    path: Path, name: x509.Name, constraints: x509.NameConstraints
) -> tuple[Key, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(key, name, name, AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(constraints, critical=True)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    folders.write_private(path, _key_pem(key) + _pem(authority))
    return key, authority


def _answering(
    own: Key, key: Key, authority: x509.Certificate, called: list[x509.GeneralName]
) -> x509.Certificate:
    """The server's certificate, of the authority's making."""
    builder = _builder(own, _name("elastinet"), authority.subject, LIFETIME)
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
