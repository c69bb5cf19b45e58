"""`elastinet import` and `start --twin`: what a region shows is collected whole, and shown again by its twin."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import NONE, PROGRAM, Run, refused, told
from describing import described, differences, engine_of, write
from elastinet.dumps.account import account
from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import Subnet, Vpc
from full_region import Full
from refusing import refusing
from small_region import HERE, OWNER

KEY = {"AWS_ACCESS_KEY_ID": OWNER, "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A region of everything, in files."""
    full, folder = Full(7), tmp_path_factory.mktemp("dump")
    full.settle()
    write(described(full.region.engine, OWNER, HERE), folder / OWNER / HERE)
    return folder


@pytest.fixture
def twin(run: Run, dump: Path) -> SimpleNamespace:
    """A server that is the twin of it."""
    return SimpleNamespace(**told(run("start", *NONE, "--state", "state", "--twin", str(dump))))


def imported(run: Run, url: str, folder: str = "found", *words: str) -> Any:
    return run("import", folder, "--region", HERE, "--endpoint-url", url, *words, **KEY)


def test_what_is_imported_from_a_twin_is_what_it_was_made_of(
    run: Run, twin: SimpleNamespace, dump: Path, tmp_path: Path
) -> None:
    """describe(import(describe(s))) = describe(s), by the wire and by files, and the same state."""
    made = told(imported(run, twin.url, "found", "--json"))
    assert made["refused"] == []
    assert made["folder"] == f"found/{OWNER}/{HERE}"
    before, after = account(dump), account(tmp_path / "found")
    assert not after.findings
    shown = [described(engine_of(one.state), OWNER, HERE) for one in (before, after)]
    assert list(differences(*shown)) == []
    assert after.state == before.state


def test_files_are_nobody_elses(run: Run, twin: SimpleNamespace, tmp_path: Path) -> None:
    assert imported(run, twin.url).returncode == 0
    for path in (tmp_path / "found").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_what_is_refused_is_lacking_and_said_and_the_rest_is_kept(
    run: Run, twin: SimpleNamespace, tmp_path: Path
) -> None:
    with refusing(twin.url, "DescribeNatGateways", "DescribeVpcAttribute") as url:
        done = imported(run, url)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    wanted = "elastinet: describe-nat-gateways was refused, its answer is lacking (UnauthorizedOperation: You are not authorized.)"
    assert wanted in said
    assert all(line.startswith("elastinet: describe-") for line in said)
    folder = tmp_path / "found" / OWNER / HERE
    assert not (folder / "describe-nat-gateways.json").exists()
    assert not (folder / "describe-vpc-attribute.json").exists()
    assert (folder / "describe-vpcs.json").exists()
    assert "no list of NatGateways is in the dump" in "\n".join(
        map(str, account(tmp_path / "found").findings)
    )


def test_nothing_is_kept_where_all_is_refused_or_nobody_answers(
    run: Run, twin: SimpleNamespace, tmp_path: Path
) -> None:
    with refusing(twin.url, *everything()) as url:
        refused(imported(run, url), 1, "every call was refused: describe-vpcs was refused", "not authorized")
    done = imported(run, "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "describe-vpcs could not be asked" in done.stderr
    assert [path for path in tmp_path.rglob("*.json") if "found" in path.parts] == []
    assert not (tmp_path / "found" / HERE).exists()


def everything() -> list[str]:
    from elastinet.dumps.collecting import LISTS

    return ["Describe" + "".join(w.title() for w in name.split("-")[1:]) for name in LISTS] + [
        "DescribeAddressesAttribute"
    ]


def test_a_folder_with_an_import_is_left_alone(run: Run, twin: SimpleNamespace, tmp_path: Path) -> None:
    assert imported(run, twin.url).returncode == 0
    before = {path: path.read_bytes() for path in (tmp_path / "found").rglob("*.json")}
    refused(imported(run, twin.url), 1, "has files already")
    assert {path: path.read_bytes() for path in (tmp_path / "found").rglob("*.json")} == before


def test_ctrl_c_leaves_no_half(twin: SimpleNamespace, tmp_path: Path) -> None:
    words = ["import", "found", "--region", HERE, "--endpoint-url", twin.url]
    process = subprocess.Popen([*PROGRAM, *words], cwd=tmp_path, env=os.environ | KEY, stderr=subprocess.PIPE)
    end = time.monotonic() + 60
    aside = tmp_path / "found" / OWNER / f".{HERE}.new"
    while not (aside.exists() and any(aside.iterdir())):
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert [path for path in (tmp_path / "found").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--profile", "nobody", "--region", HERE), "nobody"),
        ((), "no region"),
        (("--region", "a b"), "region"),
        (("--region", HERE, "--endpoint-url", "nowhere"), "nowhere"),
    ],
)
def test_what_is_no_question(run: Run, tmp_path: Path, words: tuple[str, ...], part: str) -> None:
    none = {"AWS_CONFIG_FILE": str(tmp_path / "no"), "AWS_DEFAULT_REGION": "", "AWS_REGION": ""}
    refused(run("import", "found", *words, **KEY, **none), 2, part)
    assert not (tmp_path / "found").exists()


# --- the twin -------------------------------------------------------------------------------------


def test_a_twin_is_told_of_and_stays_one(run: Run, dump: Path, twin: SimpleNamespace) -> None:
    def status() -> Any:
        return told(run("status", "--state", "state", "--json"))

    mine = {"dump": str(dump), "account": OWNER, "region": HERE, "findings": []}
    assert status()["twin"] == mine
    assert f"twin of account {OWNER} in {HERE}" in run("status", "--state", "state").stdout
    before = status()["counts"]
    for words in ((), ("--twin", str(dump))):
        run("stop", "--state", "state")
        told(run("start", *NONE, "--state", "state", *words))
        assert status()["twin"] == mine
        assert status()["counts"] == before
    assert told(run("reset", "--state", "state", "--json"))["status"] == "ok"
    assert status()["counts"] == before


def test_a_state_with_something_else_is_no_twin(run: Run, dump: Path, tmp_path: Path) -> None:
    told(run("start", *NONE, "--state", "other"))
    own = told(run("status", "--state", "other", "--json"))
    assert own["twin"] is None
    url = f"http://127.0.0.1:{json.loads((tmp_path / 'other' / 'server.json').read_text())['port']}"
    assert imported(run, url, "small").returncode == 0
    run("stop", "--state", "other")
    refused(run("start", *NONE, "--state", "other", "--twin", str(dump)), 1, "something else than a twin")
    told(run("start", *NONE, "--state", "state", "--twin", str(dump)))
    run("stop", "--state", "state")
    refused(run("start", *NONE, "--state", "state", "--twin", "small"), 1, f"the twin of {dump}")


def test_what_can_be_no_twin(run: Run, dump: Path, tmp_path: Path) -> None:
    vpc = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": "nobody"}
    for name, place, part in (
        ("owner", HERE, "no number of 12 digits"),
        ("region", "xx-nowhere-1", "not known here"),
    ):
        folder = tmp_path / name / OWNER / place
        folder.mkdir(parents=True)
        own = vpc if name == "owner" else vpc | {"OwnerId": OWNER}
        (folder / "vpcs.json").write_text(json.dumps({"Vpcs": [own]}))
        refused(run("start", *NONE, "--twin", name), 2, part)
    refused(run("start", *NONE, "--twin", "nowhere"), 2, "nowhere: no such folder")
    refused(run("start", *NONE, "--only", "vpc-1"), 2, "--only is a VPC of a dump")
    refused(
        run("start", *NONE, "--twin", str(dump), "--only", "vpc-none"),
        2,
        "no VPC is vpc-none: the dump has vpc-",
    )


def test_one_vpc_only(run: Run, dump: Path) -> None:
    """What is in the VPC is as it was; of what is elsewhere nothing is there, and what it had with it is said."""
    whole = account(dump).state
    vpc = max(whole.all(Vpc), key=lambda vpc: whole.count(NetworkInterface, "vpc-id", vpc.id))
    chosen = ("--twin", str(dump), "--only", vpc.id)
    server = told(run("start", *NONE, "--state", "state", *chosen))
    assert imported(run, server["url"]).returncode == 0
    part = account(Path(server["state"]).parent / "found").state
    assert [one.id for one in part.all(Vpc)] == [vpc.id]
    for kind in (Subnet, NetworkInterface, SecurityGroup, RouteTable, NetworkAcl):
        assert list(part.where(kind, "vpc-id", vpc.id)) == list(whole.where(kind, "vpc-id", vpc.id))
        assert {one.vpc_id for one in part.all(kind)} == {vpc.id}
    inside = {group.id for group in part.all(SecurityGroup)}
    assert set(part.all(SecurityGroupRule)) == {
        r for r in whole.all(SecurityGroupRule) if r.group_id in inside
    }
    assert all(vpc.id in (p.requester.vpc_id, p.accepter.vpc_id) for p in part.all(Peering))


def test_the_region_of_a_twin_is_its_clients(run: Run, dump: Path, tmp_path: Path) -> None:
    far = tmp_path / "far" / OWNER / "eu-west-1"
    far.mkdir(parents=True)
    (far / "vpcs.json").write_text(json.dumps({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]}))
    told(run("start", *NONE, "--state", "state", "--twin", "far"))
    assert told(run("env", "--state", "state", "--json"))["AWS_DEFAULT_REGION"] == "eu-west-1"
    run("stop", "--state", "state")
    told(run("start", *NONE, "--state", "state"))
    assert told(run("env", "--state", "state", "--json"))["AWS_DEFAULT_REGION"] == "eu-west-1"
