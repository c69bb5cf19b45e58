"""`elastinet verify` against a server without a fabric: what passes, fails, is skipped, or is no row at all."""

import json
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from commands import PROGRAM, Done, Run, refused
from place import launch, make_place


@pytest.fixture
def world(server: Any, tmp_path: Path) -> SimpleNamespace:
    """Two instances called web with the tag tier=front, and one called db, whose group lets port 5432 in."""
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    place = make_place(ec2)
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/16"}
    ec2.authorize_security_group_ingress(GroupId=place.group, **rule)
    own = {"SecurityGroupIds": [place.group]}
    webs = launch(ec2, place, 2, TagSpecifications=tags(Name="web", tier="front"), **own)
    (db,) = launch(ec2, place, TagSpecifications=tags(Name="db"), SubnetId=place.other, **own)
    return SimpleNamespace(ec2=ec2, place=place, webs=webs, db=db, folder=tmp_path)


def tags(**named: str) -> list[dict[str, Any]]:
    found = [{"Key": key, "Value": value} for key, value in named.items()]
    return [{"ResourceType": "instance", "Tags": found}]


def verify(run: Run, world: SimpleNamespace, *rows: str, words: tuple[str, ...] = ()) -> Done:
    (world.folder / "rows.toml").write_text(f"assertions = {json.dumps(rows)}")
    return run("verify", "rows.toml", *words, "--state", "state")


def verdicts(run: Run, world: SimpleNamespace, *rows: str, words: tuple[str, ...] = ()) -> list[str]:
    done = verify(run, world, *rows, words=("--json", *words))
    found = json.loads(done.stdout)
    is_good = all(one["verdict"] == "passed" for one in found)
    assert done.returncode == (0 if is_good else 1), done
    return [f"{one['verdict']} {one['pairs']}" for one in found]


def test_ends_of_every_kind(run: Run, world: SimpleNamespace) -> None:
    db, web = world.db, world.webs[0]
    eni = db["NetworkInterfaces"][0]["NetworkInterfaceId"]
    rows = {
        "web -> db tcp/5432 allow": "passed 2",
        "tier=front -> db tcp/5432 allow": "passed 2",
        f"{web['InstanceId']} -> {db['InstanceId']} tcp/5432 allow": "passed 1",
        f"{web['InstanceId']} -> {eni} tcp/5432 allow": "passed 1",
        f"{world.place.subnet} -> {world.place.other} tcp/5432 allow": "passed 2",
        f"{world.place.vpc} -> {world.place.group} tcp/5432 allow": "passed 6",
        "10.0.1.0/24 -> 10.0.2.0/24 tcp/5432 allow": "passed 2",
        f"web -> {db['PrivateIpAddress']} tcp/5432 allow": "passed 2",
        "* -> * tcp/5432 allow": "passed 6",
        "* -> * tcp/22 deny": "passed 6",
        "internet -> * tcp/22 deny": "passed 3",
        "0.0.0.0/0 -> db tcp/22 deny": "passed 3",
        "8.8.8.0/24 -> db tcp deny": "passed 1",
        "web -> db udp deny": "passed 2",
        "web -> db icmp deny": "passed 2",
        "web -> db tcp allow": "passed 2",
    }
    assert dict(zip(rows, verdicts(run, world, *rows), strict=True)) == rows


def test_what_fails_says_why(run: Run, world: SimpleNamespace) -> None:
    assert verdicts(run, world, "web -> db tcp/22 allow", "web -> db tcp/5432 deny") == [
        "failed 2",
        "failed 2",
    ]
    done = verify(run, world, "web -> db tcp/22 allow", "web -> db tcp/5432 deny", "web -> db tcp/5432 allow")
    assert done.returncode == 1
    assert "no rule of" in done.stdout
    assert "TCP port 5432 gets through" in " ".join(done.stdout.split())
    assert "1 passed, 2 failed" in done.stdout


def test_what_cannot_be_asked_is_skipped_and_never_passed(run: Run, world: SimpleNamespace) -> None:
    rows = ["web -> nobody tcp/22 deny", "db -> db tcp/22 deny", "tier=back -> db tcp deny", "10.9.0.0/16 -> db tcp deny",
            "web -> db tcp6/22 deny", "internet -> internet tcp deny", "10.0.0.1/8 -> db tcp deny"]  # fmt: skip
    assert verdicts(run, world, *rows) == ["skipped 0"] * len(rows)
    assert verdicts(run, world, "web -> db tcp/5432 allow", words=("--packets",)) == ["skipped 2"]
    done = verify(run, world, *rows)
    assert done.returncode == 1
    assert "'nobody'" in done.stdout
    assert "7 skipped" in done.stdout


def test_denied_only_because_it_is_stopped(run: Run, world: SimpleNamespace) -> None:
    world.ec2.stop_instances(InstanceIds=[world.db["InstanceId"]])
    world.ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[world.db["InstanceId"]], WaiterConfig={"Delay": 0.1}
    )
    done = verify(run, world, "web -> db tcp/5432 deny", "web -> db tcp/22 deny")
    assert done.returncode == 0
    assert done.stdout.count("only because something does not run") == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('assertions = ["web -> db tcp/1 allow", "web db", "a -> b tcp/x deny", 7]', ("row 2: ", "row 3: ", "row 4: ")),
        ('assertions = ["a -> b tcp maybe"]', ("row 1: ", "allow or deny")),
        ('assertions = ["a -> b icmp/8 deny"]', ("ICMP has no ports",)),
        ('assertions = ["a -> b gre deny"]', ("tcp, udp or icmp",)),
        ('assertions = ["a -> b tcp/65536 deny"]', ("0 to 65535",)),
        ('assertions = [" -> b tcp deny"]', ("SOURCE -> TARGET",)),
        ("assertions = []", ("a list of rows",)),
        ("assertions = 'x'", ("a list of rows",)),
        ("rows = []", ("not rows",)),
        ("assertions = [", ("rows.toml: ",)),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("server")
def test_a_bad_file_is_told_row_by_row(run: Run, tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    (tmp_path / "rows.toml").write_text(text)
    refused(run("verify", "rows.toml", "--state", "state"), 2, *parts)


@pytest.mark.usefixtures("server")
def test_no_file(run: Run) -> None:
    refused(run("verify", "none.toml", "--state", "state"), 2, "none.toml: No such file")


def test_junit(run: Run, world: SimpleNamespace) -> None:
    rows = ("web -> db tcp/5432 allow", "web -> db tcp/22 allow", "web -> <nobody> tcp deny")
    assert verify(run, world, *rows, words=("--junit", "found.xml")).returncode == 1
    (suite,) = ElementTree.parse(world.folder / "found.xml").getroot()
    assert suite.attrib == {"name": "rows.toml", "tests": "3", "failures": "1", "skipped": "1", "errors": "0"}
    assert [case.get("name") for case in suite] == list(rows)
    assert [[child.tag for child in case] for case in suite] == [[], ["failure"], ["skipped"]]
    assert "no rule of" in str(suite[1][0].get("message"))
    refused_to_write = verify(run, world, *rows, words=("--junit", "nowhere/found.xml"))
    refused(refused_to_write, 1, "nowhere/found.xml: No such file")


def test_watched_until_ctrl_c(run: Run, world: SimpleNamespace) -> None:
    (world.folder / "rows.toml").write_text('assertions = ["web -> db tcp/22 allow"]')
    words = ["verify", "rows.toml", "--watch", "--interval", "0.1", "--junit", "now.xml", "--state", "state"]
    process = subprocess.Popen([*PROGRAM, *words], cwd=world.folder, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(world.folder / "now.xml", 'failures="1"')
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/16"}
        world.ec2.authorize_security_group_ingress(GroupId=world.place.group, **rule)
        wait_for(world.folder / "now.xml", 'failures="0"')
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "1 failed" in out
    assert out.rstrip().endswith("1 passed")


def wait_for(file: Path, part: str) -> None:
    end = time.monotonic() + 60
    while not (file.exists() and part in file.read_text()):
        assert time.monotonic() < end
        time.sleep(0.05)


# --- dumps ----------------------------------------------------------------------------------------

DESCRIBED = ("vpcs", "subnets", "instances", "network_interfaces", "route_tables", "network_acls", "addresses",
             "security_groups", "security_group_rules", "internet_gateways", "nat_gateways")  # fmt: skip


def dumped(world: SimpleNamespace) -> Path:
    folder = world.folder / "dump"
    folder.mkdir(exist_ok=True)
    for kind in DESCRIBED:
        shown = getattr(world.ec2, f"describe_{kind}")()
        (folder / f"{kind}.json").write_text(json.dumps(shown, default=str))
    return folder


def test_a_dump_is_verified_without_a_server(run: Run, world: SimpleNamespace) -> None:
    """What the API shows, in files, has the verdicts of the server; what cannot be asked is skipped."""
    rows = (
        "web -> db tcp/5432 allow",
        "web -> db tcp/22 allow",
        "internet -> * tcp/22 deny",
        "web -> nobody tcp deny",
    )
    folder = str(dumped(world))
    here = verify(run, world, *rows, words=("--json",))
    there = run("verify", "rows.toml", "--dump", folder, "--json")
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert [one["verdict"] for one in json.loads(there.stdout)] == ["passed", "failed", "passed", "skipped"]
    assert there.returncode == 1
    lost = "no list of VpcPeeringConnections is in the dump"
    assert there.stderr.count(lost) == 1
    verify(run, world, rows[0])
    assert run("verify", "rows.toml", "--dump", folder).returncode == 0


def test_a_dump_is_no_server(run: Run, world: SimpleNamespace) -> None:
    verify(run, world, "web -> db tcp deny")
    for words in (("--packets",), ("--port", "4566"), ("--state", "state")):
        refused(run("verify", "rows.toml", "--dump", "here", *words), 2, "--dump asks files")
    refused(run("verify", "rows.toml", "--dump", "nowhere"), 2, "nowhere: no such folder")


def test_a_dump_is_watched(run: Run, world: SimpleNamespace) -> None:
    """Each look reads the files as they are then, and says once what lacks in them."""
    (world.folder / "rows.toml").write_text('assertions = ["web -> db tcp/22 allow"]')
    words = [
        "verify",
        "rows.toml",
        "--watch",
        "--interval",
        "0.1",
        "--junit",
        "now.xml",
        "--dump",
        str(dumped(world)),
    ]
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen([*PROGRAM, *words], cwd=world.folder, text=True, **piped)  # type: ignore[call-overload]
    try:
        wait_for(world.folder / "now.xml", 'failures="1"')
        rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/16"}
        world.ec2.authorize_security_group_ingress(GroupId=world.place.group, **rule)
        shown = world.ec2.describe_security_group_rules()
        fresh = world.folder / "fresh"
        fresh.write_text(json.dumps(shown, default=str))
        fresh.rename(world.folder / "dump" / "security_group_rules.json")
        wait_for(world.folder / "now.xml", 'failures="0"')
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert said.count("no list of VpcPeeringConnections is in the dump") == 1
