"""The authority that guests trust, and the sockets that its certificates are for, as root and not."""

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastinet.config import Config
from elastinet.fabric.contract.names import API_AUTHORITY
from elastinet.fabric.guest.trust import ANCHORS, BUNDLES, DEBIAN, FILE, OWN, Layer, subject_hash
from elastinet.serve import certificates
from machine import MODES, Machine
from parts import ALL, eni, group, guest, network, table

LENT = ["lent"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module", params=[*MODES, *LENT])
def trusting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """An agent that has been given an authority, and a guest of its."""
    authority = certificates.prepare_inside(
        Config(state=":memory:"), tmp_path_factory.mktemp("ca")
    ).read_text()
    lent = request.param == "lent"
    machine = Machine("rootless" if lent else request.param, lent=lent, authority=authority)
    machine.boot(network(igw="igw-1"), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    yield machine
    machine.close()


def test_its_bundle_is_this_machine_s_and_one_more(trusting: Machine) -> None:
    own = Path(DEBIAN).read_text() if Path(DEBIAN).exists() else ""
    assert trusting.authority
    assert trusting.ok("i-1", f"cat {DEBIAN}") == own + trusting.authority.read_text()
    assert trusting.ok("i-1", f"cat {OWN}/{FILE}") == trusting.authority.read_text()
    assert not Path(OWN, FILE).exists()


def test_its_folders_are_as_they_were(trusting: Machine) -> None:
    for folder in ("/etc", "/usr", "/usr/local", "/etc/ssl/certs"):
        shown = trusting.ok("i-1", f"stat -c '%a %u %g' {folder}").split()
        mode = Path(folder).stat().st_mode & 0o7777 if Path(folder).is_dir() else 0o755
        assert shown == [f"{mode:o}", "0", "0"], folder
    trusting.ok("i-1", f"echo x >>{DEBIAN} && echo x >/etc/mine && rm /etc/mine && ls /usr/bin/env")


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
def test_its_folder_of_certificates_has_it_by_openssl_s_name(trusting: Machine) -> None:
    assert trusting.authority
    wanted = trusting.ok("i-1", f"openssl x509 -noout -hash -in {OWN}/{FILE}").strip()
    assert wanted == subject_hash(API_AUTHORITY)
    trusting.ok("i-1", f"openssl verify -no-CAfile -CApath /etc/ssl/certs {OWN}/{FILE}")


def test_the_sockets_of_the_endpoints(trusting: Machine) -> None:
    """The engine gets one for each family and port, of the internet."""
    wanted = {(address, port) for address in ("203.0.113.3", "3fff::3") for port in (80, 443)}
    trusting.wait(lambda fact: fact["type"] == "listener" and fact["network"] == "internet")
    trusting.until(lambda: wanted <= _listening(trusting), "four sockets")


def _listening(machine: Machine) -> set[tuple[str, int]]:
    """Where the sockets listen that the agent has handed over."""
    machine.desire(observe=True)
    found = set()
    for fd in machine.fds:
        with socket.socket(fileno=os.dup(fd)) as listener:
            found.add(listener.getsockname()[:2])
    return found


def test_without_an_authority_there_is_none(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    assert machine.exec("i-1", f"ls {OWN}/{FILE}")[0] != 0
    assert machine.ok("i-1", "echo $AWS_CA_BUNDLE") == "\n"
    assert not any(f["type"] == "listener" and f["network"] == "internet" for f in machine.facts)


def test_the_layer_of_a_machine_whose_folders_are_links(tmp_path: Path) -> None:
    """As on Fedora: /etc/ssl/certs is /etc/pki/tls/certs, and the bundle there is a link to one that is made."""
    machine, layer = tmp_path / "machine", tmp_path / "layer"
    made, bundle = BUNDLES[1:3]
    for path in (made, bundle):
        (machine / path[1:]).parent.mkdir(parents=True)
    (machine / made[1:]).write_text("theirs")
    (machine / bundle[1:]).symlink_to(os.path.relpath(made, Path(bundle).parent))
    (machine / ANCHORS[0][1:]).mkdir(parents=True)
    (machine / "etc/ssl").mkdir()
    (machine / "etc/ssl/certs").symlink_to("../pki/tls/certs")
    layer.mkdir()
    Layer(layer, machine).fill("ours\n")
    assert not (layer / "etc/ssl").exists()
    for path in (made, "/etc/pki/tls/certs/ca-certificates.crt"):
        assert (layer / path[1:]).read_text() == "theirs\nours\n"
    assert not (layer / bundle[1:]).exists()
    assert (layer / ANCHORS[0][1:] / FILE).read_text() == "ours\n"


def test_the_layer_of_a_machine_that_trusts_nobody(tmp_path: Path) -> None:
    machine, layer = tmp_path / "machine", tmp_path / "layer"
    for folder in (machine, layer):
        folder.mkdir()
    Layer(layer, machine).fill("ours\n")
    found = {str(path.relative_to(layer)) for path in layer.rglob("*") if path.is_file()}
    name = f"etc/ssl/certs/{subject_hash(API_AUTHORITY)}.0"
    assert found == {DEBIAN[1:], f"{OWN[1:]}/{FILE}", name, "etc/environment"}
    assert (layer / DEBIAN[1:]).read_text() == "ours\n"
    assert (layer / "etc").stat().st_mode & 0o777 == 0o755


def pem(text: str) -> str:
    """What has the form of a certificate."""
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


def test_certificates_that_the_machine_has_added(tmp_path: Path) -> None:
    """Those that its bundle has not yet; with an authority of ours or without."""
    machine, layer = tmp_path / "machine", tmp_path / "layer"
    new, old, odd = map(pem, ("new", "old", "odd"))
    files = {f"{OWN}/deep/new.crt": f"its secret\n{new}more", f"{OWN}/old.crt": old, DEBIAN: f"theirs\n{old}"}
    for path, text in files.items():
        (machine / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (machine / path[1:]).write_text(text)
    (machine / OWN[1:] / "odd.pem").write_text(odd)
    (machine / OWN[1:] / "bytes.crt").write_bytes(b"\x30\x82\xff")
    layer.mkdir()
    Layer(layer, machine, machine).fill("", {"http_proxy": "p"}, local=True)
    assert (layer / DEBIAN[1:]).read_text() == f"theirs\n{old}{new}"
    assert (layer / "etc/environment").read_text() == "http_proxy=p\n"
    assert not (layer / OWN[1:] / FILE).exists()
    Layer(layer, machine, machine).fill("ours\n", local=True)
    assert (layer / DEBIAN[1:]).read_text() == f"theirs\n{old}{new}ours\n"


def test_certificates_of_the_machine_in_an_image(tmp_path: Path) -> None:
    """In its bundle, and where its own programs make that anew of: Alpine's second name of it stays a link."""
    machine, image, layer = (tmp_path / name for name in ("machine", "image", "layer"))
    for folder in (machine / OWN[1:], image / "etc/ssl/certs", image / ANCHORS[0][1:], layer):
        folder.mkdir(parents=True)
    (machine / OWN[1:] / "both.crt").write_text(pem("one") + pem("two"))
    (image / DEBIAN[1:]).write_text(f"theirs\n{pem('two')}")
    (image / "etc/ssl/cert.pem").symlink_to("certs/ca-certificates.crt")
    Layer(layer, image, machine).fill("ours\n", local=True)
    assert (layer / DEBIAN[1:]).read_text() == f"theirs\n{pem('two')}{pem('one')}ours\n"
    assert not (layer / "etc/ssl/cert.pem").exists()
    for folder in (OWN, ANCHORS[0]):
        found = {path.name: path.read_text() for path in (layer / folder[1:]).iterdir()}
        assert found == {
            FILE: "ours\n",
            "elastinet-machine-1.crt": pem("one"),
            "elastinet-machine-2.crt": pem("two"),
        }
