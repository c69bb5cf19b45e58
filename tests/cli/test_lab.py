"""`elastinet lab` where no packets are needed: which labs there are, and what is refused."""

import re
import subprocess
from pathlib import Path

import pytest

from commands import NONE, PROGRAM, Run, refused, told
from elastinet.cli.lab.catalogue import NAMES, load
from elastinet.cli.lab.client import client
from elastinet.serve.places import Server
from served import Served

GALLERY = Path(__file__).parents[2] / "src" / "elastinet" / "cli" / "lab" / "gallery"
PAGE = Path(__file__).parents[2] / "docs" / "labs.md"


def test_the_list(run: Run) -> None:
    shown = run("lab").stdout
    assert shown == run("lab", "list").stdout
    for name in NAMES:
        assert f"{name} " in shown
        assert load(name).title in shown
    assert [one["name"] for one in told(run("lab", "list", "--json"))] == [*NAMES]


def test_every_file_of_the_gallery_is_a_lab_that_the_page_tells_of() -> None:
    files = {path.stem.replace("_", "-") for path in GALLERY.glob("*.py")} - {"--init--"}
    told_of = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert files == set(NAMES)
    assert told_of == [*NAMES]


def test_an_unknown_lab(run: Run) -> None:
    refused(run("lab", "basti\x1bon"), 2, "there is no lab 'basti\\x1bon'", "bastion, three-tier")


def test_no_server_there(run: Run) -> None:
    refused(run("lab", "bastion", "--port", "1"), 1, "no server is running on port 1")


def test_a_server_without_packets(run: Run) -> None:
    server = told(run("start", *NONE, "--state", ":memory:"))
    refused(run("lab", "bastion", "--port", str(server["port"])), 1, "needs a server with fabric kernel")


def test_a_machine_without_packets() -> None:
    """The lab's own server says why it does not start."""
    forbidden = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    before = ["unshare", "--user", "--map-root-user", "sh", "-c", forbidden, "sh"]
    done = subprocess.run([*before, *PROGRAM, "lab", "bastion"], capture_output=True, text=True, check=False)
    refused(done, 1, "no kernel fabric here", "elastinet doctor")


def test_a_server_on_a_path(run: Run, tmp_path: Path) -> None:
    words = ("--fabric", "none", "--json", "--unix-socket", str(tmp_path / "socket"))
    told(run("start", *words, "--state", str(tmp_path / "state")))
    refused(
        run("lab", "bastion", "--state", str(tmp_path / "state")), 1, "cannot ask a server on a Unix socket"
    )


def test_a_configuration_of_aws_that_leads_elsewhere(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab's client goes to its server all the same, in its own account."""
    for name, value in {"AWS_PROFILE": "nowhere", "HTTP_PROXY": "http://192.0.2.1:1", "NO_PROXY": ""}.items():
        monkeypatch.setenv(name, value)
    vpcs = client(
        Server(0, "127.0.0.1", int(server.url.rpartition(":")[2]), "", "none"), "123456789012"
    ).describe_vpcs()["Vpcs"]
    assert {vpc["OwnerId"] for vpc in vpcs} == {"123456789012"}
