"""TLS: what keeps silent is let go, and the authority vouches for this server's own names only."""

import contextlib
import datetime
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from elastinet.config import Config
from elastinet.serve import certificates
from elastinet.serve.places import ANSWERING
from elastinet.serve.tls import HANDSHAKE_SECONDS
from served import Served

MOST = 64


class Secured(Served):
    """A server that speaks TLS."""

    def __init__(self, folder: Path) -> None:
        self.ca = certificates.prepare(Config(state=":memory:"), folder)
        self.before = ("prlimit", f"--nofile={4 * MOST}")
        super().__init__(folder)

    def command(self) -> list[str]:
        return [*super().command(), "--tls", str(self.folder / ANSWERING)]

    def wait(self) -> None:
        end = time.monotonic() + 30
        while not self.answers():
            assert time.monotonic() < end
            time.sleep(0.05)

    def answers(self) -> bool:
        port = self.listener.getsockname()[1]
        context = ssl.create_default_context(cafile=self.ca)
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                secured.sendall(b"GET /_elastinet/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return secured.recv(64).startswith(b"HTTP/1.1 200")
        except (OSError, ssl.SSLError):
            return False


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    server = Secured(tmp_path_factory.mktemp("tls"))
    yield server
    server.stop()


def test_silent_connections_keep_nobody_out(secured: Secured) -> None:
    """They count before they have shaken hands; the one that has waited longest makes room."""
    address = ("127.0.0.1", secured.listener.getsockname()[1])
    silent = [socket.create_connection(address, timeout=20) for _ in range(3 * MOST)]
    try:
        assert secured.answers()
    finally:
        for one in silent:
            one.close()


def test_a_handshake_has_ten_seconds(secured: Secured) -> None:
    address = ("127.0.0.1", secured.listener.getsockname()[1])
    with socket.create_connection(address, timeout=6 * HANDSHAKE_SECONDS) as silent:
        assert silent.recv(1) == b""


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(64), b"\x00" * 5000],
)
def test_what_is_no_tls_ends_its_own_connection_only(secured: Secured, said: bytes) -> None:
    address = ("127.0.0.1", secured.listener.getsockname()[1])
    with socket.create_connection(address, timeout=30) as odd:
        odd.sendall(said)
        odd.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while odd.recv(4096):
                pass
    assert secured.answers()


def test_the_authority_is_one_for_our_names_only(tmp_path: Path) -> None:
    """Whoever trusts it is not deceived about another server, even if its key is stolen."""
    ca = certificates.prepare(Config(state=":memory:"), tmp_path)
    text = (tmp_path / certificates.AUTHORITY).read_bytes()
    key, authority = serialization.load_pem_private_key(text, None), x509.load_pem_x509_certificate(text)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    own = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(authority.subject)
    builder = (
        builder.public_key(own.public_key()).serial_number(1).not_valid_before(now - datetime.timedelta(1))
    )
    builder = builder.not_valid_after(now + datetime.timedelta(1))
    other = x509.SubjectAlternativeName([x509.DNSName("example.com")])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    for extension in (other, signer):
        builder = builder.add_extension(extension, critical=False)
    forged = builder.sign(key, hashes.SHA256())
    chain = tmp_path / "forged.pem"
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(own.private_bytes(*private) + forged.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(ca, chain, "example.com")


def shake_hands(ca: Path, chain: Path, name: str) -> None:
    """Have a client that trusts an authority meet a server with a chain, under a name."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(chain)
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            serving.wrap_socket(far, server_side=True).close()
        except (OSError, ssl.SSLError):
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cafile=ca)
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 does by itself
    try:
        client.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        thread.join()


def test_keys_are_nobody_else_s_to_read(tmp_path: Path) -> None:
    certificates.prepare(Config(state=":memory:"), tmp_path)
    for name in (certificates.AUTHORITY, ANSWERING):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
