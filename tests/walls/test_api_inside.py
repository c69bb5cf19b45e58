"""AWS's endpoints as a hostile instance meets them: whose call it is, and that there is nothing else there."""

import contextlib
import datetime
import http.client
import json
import socket
import ssl
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import endpoint_server
from elastinet.config import Config
from elastinet.engine import Engine
from elastinet.model.vpc import Vpc
from elastinet.rules import role_sessions
from elastinet.rules.role_keys import role_key
from elastinet.rules.role_sessions import RoleSession
from elastinet.serve import certificates, secrets
from elastinet.serve.connections import MOST_OF_AN_INSTANCE
from elastinet.serve.http import Application
from elastinet.store.memory import MemoryJournal
from endpoint_server import DESCRIBE, HOST, OTHER, OWNER, SECRET, EndpointServer, presigned, signed

IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
JSON = {"X-Amz-Target": "AmazonSSM.GetParameter", "Content-Type": "application/x-amz-json-1.1"}
LATER, MUCH_LATER = 400, 7 * 3600


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointServer]:
    with endpoint_server.serving(tmp_path_factory.mktemp("endpoints")) as started:
        yield started


def ask(server: EndpointServer, request: AWSRequest) -> tuple[int, str]:
    """Status and text of the answer to a request as it is."""
    prepared = request.prepare()
    path = prepared.url.partition(HOST)[2] or "/"
    headers = {n: v.decode() if isinstance(v, bytes) else v for n, v in prepared.headers.items()}
    return plain(server, prepared.method, path, prepared.body or b"", headers)


def plain(
    server: EndpointServer, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None
) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.ports[80], timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {"Host": HOST, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def code(answer: tuple[int, str]) -> tuple[int, str]:
    """Status and code of a refusal, in whichever protocol it is."""
    status, text = answer
    if text.startswith("{"):
        return status, json.loads(text)["__type"]
    found = [element.text for element in xml.fromstring(text).iter() if element.tag.endswith("Code")]
    return status, found[0] or ""


def test_a_role_sees_its_own_account_only(server: EndpointServer) -> None:
    for owner in (OWNER, OTHER):
        status, text = ask(server, signed(server.credentials(owner)))
        (vpc,) = [vpc for vpc in server.engine.state.all(Vpc) if vpc.owner == owner]
        assert status == 200
        assert vpc.id in text
        others = [vpc for vpc in server.engine.state.all(Vpc) if vpc.owner != owner]
        assert others
        assert not any(other.id in text for other in others)


def test_who_calls_is_the_instance_s_role(server: EndpointServer) -> None:
    status, text = ask(server, signed(server.credentials(), IDENTITY, service="sts"))
    instance = server.instances[OWNER].id
    assert status == 200
    assert f"<Arn>arn:aws:sts::{OWNER}:assumed-role/worker/{instance}</Arn>" in text
    assert f":{instance}</UserId>" in text
    assert f"<Account>{OWNER}</Account>" in text


UNSIGNED = [
    ({}, DESCRIBE, (403, "MissingAuthenticationToken")),
    ({"Authorization": "Bearer x"}, DESCRIBE, (403, "MissingAuthenticationToken")),
    ({"Authorization": "AWS4-HMAC-SHA256 Credential=a"}, DESCRIBE, (403, "MissingAuthenticationToken")),
    (JSON, '{"Name": "x"}', (400, "MissingAuthenticationTokenException")),
]


@pytest.mark.parametrize(("headers", "body", "refusal"), UNSIGNED)
def test_who_has_not_signed_is_refused(
    server: EndpointServer, headers: dict[str, str], body: str, refusal: tuple[int, str]
) -> None:
    form = {"Content-Type": endpoint_server.FORM, **headers}
    assert code(plain(server, "POST", "/", body, form)) == refusal


SERVICES = {
    "ec2": (DESCRIBE, {}, (401, "AuthFailure"), (401, "AuthFailure"), (400, "RequestExpired")),
    "sts": (IDENTITY, {}, (403, "InvalidClientTokenId"), (403, "SignatureDoesNotMatch"), (403, "ExpiredToken")),
    "ssm": (
        '{"Name": "x"}', JSON, (400, "UnrecognizedClientException"), (400, "InvalidSignatureException"),
        (400, "ExpiredTokenException"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_credentials_of_nobody_here(server: EndpointServer, service: str) -> None:
    body, headers, unknown, _, _ = SERVICES[service]
    good = server.credentials()
    for keys in (
        Credentials("test", "test"),
        Credentials(OWNER, "x"),
        Credentials(good.access_key, good.secret_key),
        Credentials(good.access_key, good.secret_key, "x"),
        Credentials(good.access_key, good.secret_key, good.token[:-4] + "AAAA"),
        Credentials(good.access_key, good.secret_key, "A" * 5000),
        Credentials(good.access_key, good.secret_key, server.credentials(OTHER).token),
    ):
        assert code(ask(server, signed(keys, body, service=service, headers=headers))) == unknown


def test_a_token_that_somebody_has_made_himself(server: EndpointServer) -> None:
    instance = server.instances[OTHER]
    key = role_key(OTHER, "x")
    token = role_sessions.token_of(
        RoleSession(key, OTHER, "worker", instance.id, server.now + 60), b"guessed"
    )
    keys = Credentials(key, role_sessions.secret_key(token, b"guessed"), token)
    assert code(ask(server, signed(keys))) == (401, "AuthFailure")


@pytest.mark.parametrize("service", SERVICES)
def test_the_token_alone_is_not_enough(server: EndpointServer, service: str) -> None:
    body, headers, _, mismatch, _ = SERVICES[service]
    good = server.credentials()
    keys = Credentials(good.access_key, "guessed", good.token)
    assert code(ask(server, signed(keys, body, service=service, headers=headers))) == mismatch


def test_a_call_that_was_changed_on_its_way(server: EndpointServer) -> None:
    request = signed(server.credentials())
    request.data = DESCRIBE.replace("DescribeVpcs", "DescribeSubnets")
    assert code(ask(server, request)) == (401, "AuthFailure")


@contextlib.contextmanager
def later(server: EndpointServer, seconds: float) -> Iterator[None]:
    server.now += seconds
    try:
        yield
    finally:
        server.now -= seconds


def test_a_call_that_was_kept(server: EndpointServer) -> None:
    request = signed(server.credentials())
    with later(server, LATER):
        assert code(ask(server, request)) == (400, "RequestExpired")
    with later(server, -LATER):
        assert code(ask(server, request)) == (400, "RequestExpired")
    assert ask(server, request)[0] == 200


@pytest.mark.parametrize("service", SERVICES)
def test_credentials_that_are_over(server: EndpointServer, service: str) -> None:
    body, headers, *_, expired = SERVICES[service]
    request = signed(server.credentials(), body, service=service, headers=headers)
    with later(server, MUCH_LATER):
        assert code(ask(server, request)) == expired


def test_a_signed_url(server: EndpointServer) -> None:
    request = presigned(server.credentials())
    assert ask(server, request)[0] == 200
    with later(server, 30):
        assert ask(server, request)[0] == 200
    with later(server, 90):
        assert code(ask(server, request)) == (400, "RequestExpired")


def own_pages() -> list[tuple[str, str]]:
    """Every page of elastinet's own, as its application has them."""
    engine = Engine(MemoryJournal())
    application = Application(engine, Any, Any, Config(), SECRET, Path("disks"), ready=lambda: True)  # type: ignore[arg-type]
    return sorted({*application._pages, *application._takers})


@pytest.mark.parametrize(("method", "path"), own_pages())
def test_no_page_of_elastinet_s_own(server: EndpointServer, method: str, path: str) -> None:
    before = list(server.engine.state.all(Vpc))
    assert code(plain(server, method, path)) == (403, "MissingAuthenticationToken")
    request = signed(server.credentials(), "" if method == "GET" else DESCRIBE, path=path, method=method)
    status, _ = code(ask(server, request))
    assert 400 <= status < 500
    assert list(server.engine.state.all(Vpc)) == before


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:4566", "169.254.169.254", "x.example.com"])
def test_no_page_by_another_name(server: EndpointServer, host: str) -> None:
    assert code(plain(server, "POST", "/_elastinet/reset", headers={"Host": host}))[0] == 403
    assert list(server.engine.state.all(Vpc))


def test_other_services_are_not_here(server: EndpointServer) -> None:
    status, text = ask(server, signed(server.credentials(), "", service="s3", path="/bucket", method="GET"))
    assert status == 400
    assert "elastinet serves EC2" in text


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01" + b"\0" * 64, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + b"\r\n", b"\0" * 100, b"G" * 100000],
)  # fmt: skip
def test_what_is_no_request_is_let_go(server: EndpointServer, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.ports[80]), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        with contextlib.suppress(ConnectionError):
            first = connection.recv(1 << 16)
            assert first == b"" or first.startswith(b"HTTP/1.1 4")
    assert ask(server, signed(server.credentials()))[0] == 200


def test_who_is_refused_before_he_goes_on(server: EndpointServer) -> None:
    """The first request waits to hear that it may go on, and what follows it is none at all."""
    asks = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"
    for _ in range(10):
        with socket.create_connection(("127.0.0.1", server.ports[80]), timeout=30) as connection:
            connection.sendall(asks + b"\0\1 no request\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            assert b"HTTP/1.1 400" in b"".join(iter(lambda c=connection: c.recv(1 << 16), b""))  # type: ignore[misc]
    assert not server.faults


def test_one_caller_has_so_many_connections(server: EndpointServer) -> None:
    """Those that wait longest go, and who asks is answered all the same."""
    with contextlib.ExitStack() as stack:
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.ports[80]), timeout=30))
            for _ in range(100)
        ]
        assert ask(server, signed(server.credentials()))[0] == 200
        assert held[0].recv(1) == b""


@pytest.mark.parametrize("port", [80, 443])
def test_callers_at_an_interface_endpoint_are_others(server: EndpointServer, port: int) -> None:
    """Their addresses are private, so another VPC's may be the same: nobody's places go to a namesake."""
    asks = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with contextlib.ExitStack() as stack:

        def connected(port: int) -> socket.socket:
            return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))

        first = connected(server.ports[80])
        first.sendall(asks)
        assert first.recv(1 << 16).startswith(b"HTTP/1.1 403")
        held = [connected(server.endpoint_ports[port]) for _ in range(MOST_OF_AN_INSTANCE + 1)]
        assert held[0].recv(1) == b"", "one too many of its own caller"
        first.sendall(asks)
        assert first.recv(1 << 16).startswith(b"HTTP/1.1 403")


# --- the authority that all instances trust ---------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["ec2.us-east-1.amazonaws.com", "sts.amazonaws.com", "ssm.eu-west-1.api.aws"]
)
def test_the_endpoints_answer_by_their_own_names(server: EndpointServer, name: str) -> None:
    assert spoken(server, name, str(server.ca)).startswith(b"HTTP/1.1 403")


def test_they_answer_by_no_other(server: EndpointServer) -> None:
    for name in ("example.com", "amazonaws.com.example.com", "127.0.0.1"):
        with pytest.raises(ssl.SSLCertVerificationError):
            spoken(server, name, str(server.ca))


def trusting(ca: Path) -> ssl.SSLContext:
    """A client that trusts an authority, and is as strict as Python's own are from 3.13 on."""
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def spoken(server: EndpointServer, name: str, ca: str) -> bytes:
    context = trusting(Path(ca))
    with (
        socket.create_connection(("127.0.0.1", server.ports[443]), timeout=30) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        secured.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return secured.recv(100)


FOREIGN = [x509.DNSName("www.example.com"), x509.DNSName("xamazonaws.com")]


@pytest.mark.parametrize("name", FOREIGN)
def test_the_authority_vouches_for_aws_s_names_only(tmp_path: Path, name: x509.DNSName) -> None:
    """Who has its key can still not play another site for an instance."""
    ca = certificates.prepare_inside(Config(state=":memory:"), tmp_path)
    assert handshake(ca, forged(tmp_path, x509.DNSName(HOST)), HOST)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(ca, forged(tmp_path, name), name.value)


def forged(home: Path, name: x509.GeneralName) -> Path:
    """A certificate of the authority's, made by somebody who has its key."""
    text = (home / certificates.INSIDE_AUTHORITY).read_bytes()
    authority = x509.load_pem_x509_certificate(text)
    signer = serialization.load_pem_private_key(text, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(authority.subject)
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(now)
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=True)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    made = builder.add_extension(issuer, critical=False).sign(signer, hashes.SHA256())
    plain_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = home / "forged.pem"
    path.write_bytes(plain_key + made.public_bytes(serialization.Encoding.PEM))
    return path


def handshake(ca: Path, certificate: Path, name: str) -> bool:
    """Whether a client who trusts an authority talks to who has a certificate; raises SSLError."""
    here, there = trusting(ca), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    there.load_cert_chain(certificate)
    inbox, outbox = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = here.wrap_bio(inbox, outbox, server_hostname=name)
    server = there.wrap_bio(outbox, inbox, server_side=True)
    for _ in range(5):
        for side in (client, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
    return client.version() is not None


def test_the_secrets_are_nobody_else_s_to_read(tmp_path: Path) -> None:
    kept = secrets.of_roles(tmp_path)
    certificates.prepare_inside(Config(state=str(tmp_path)), tmp_path)
    assert secrets.of_roles(tmp_path) == kept != secrets.of_roles(None)
    for name in (secrets.FILE, certificates.INSIDE_AUTHORITY):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
