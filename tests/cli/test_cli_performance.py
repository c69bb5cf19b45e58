"""`elastinet predict` and `elastinet credits`, with instances of a server without a fabric and without any."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from commands import NONE, Run, refused, told
from place import launch, make_place

HERE = ("--src", "c5.xlarge@us-east-1a", "--dst", "c5n.18xlarge@us-east-1a")
NOWHERE = {"ELASTINET_STATE": "nowhere"}
"""Where no server is, whoever else runs one on this machine."""


@pytest.fixture
def world(run: Run) -> SimpleNamespace:
    """A server with two instances, called left and right."""
    server = told(run("start", *NONE, "--state", "state"))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    place = make_place(ec2)
    made = []
    for name, kind in (("left", "c5.xlarge"), ("right", "c5n.18xlarge")):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        made += launch(ec2, place, InstanceType=kind, TagSpecifications=tags)
    left, right = (one["InstanceId"] for one in made)
    return SimpleNamespace(
        ec2=ec2, left=left, right=right, eni=made[0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    )


def test_two_instances(run: Run, world: SimpleNamespace) -> None:
    found = told(run("predict", "left", "right", "--flows", "4", "--json", "--state", "state"))
    assert found["times_s"] == [0, 600, 3600]
    assert found["wire_bps"] == [10e9, 1.25e9]
    assert found["binding"] == [[f"{world.left} out"]] * 2
    assert set(found["unknown"]) == {"packets a second", "tracked connections"}
    assert all(limit["source"] for limit in found["limits"])
    same = told(run("predict", world.eni, world.right, "--flows", "4", "--json", "--state", "state"))
    assert same == found
    lines = run(
        "predict", "left", "right", "--flows", "4", "--bytes", "1TB", "--state", "state"
    ).stdout.splitlines()
    assert lines[1].split() == ["from", "to", "data", "on", "the", "wire", "binds", "credits", "left"]
    assert lines[2].startswith("0 s")
    assert f"{world.left} out" in lines[2]
    assert lines[-1].startswith("done after 0:")


def test_instances_that_cannot(run: Run, world: SimpleNamespace) -> None:
    at = ("--state", "state")
    refused(run("predict", "left", "nobody", *at), 2, "there is no instance nobody")
    refused(run("predict", "left", "eni-0123456789abcdef0", *at), 2, "does not exist")
    refused(run("predict", "left", "left", *at), 2, "both ends are")
    refused(run("predict", "left", "right", "--via", "gateway", *at), 2, "no public address")
    refused(run("predict", "left", "right", "--via", "vpc", *at), 2, "have a place already")
    refused(run("predict", "left", "right", "--flows", "0", *at), 2, "flows")
    refused(run("predict", "left", "right", "--duration", "10y", *at), 2, "duration")
    refused(run("predict", "left", *at), 2, "two instances are needed")
    refused(run("predict", "left", "right", *HERE, *at), 2, "not both")
    world.ec2.stop_instances(InstanceIds=[world.right])
    refused(run("predict", "left", "right", *at), 2, f"{world.right} is stopped, not running")
    told(run("stop", "--json", *at))
    refused(run("predict", "left", "right", *at), 1, "no server is running")


def test_types_need_no_server(run: Run, tmp_path: Path) -> None:
    found = told(run("predict", *HERE, "--group", "cluster", "--json", **NOWHERE))
    assert found["wire_bps"] == [10e9, 1.25e9]
    assert found["binding"][0] == ["flow", "source out"]
    assert told(run("predict", *HERE, "--flows", "4", "--mptcp", "--json", **NOWHERE))["wire_bps"][0] == 10e9
    assert told(run("predict", *HERE, "--udp", "--json", **NOWHERE))["goodput_bps"][0] == pytest.approx(
        5e9 * 8973 / 9015
    )
    file = tmp_path / "mine.toml"
    file.write_text('credits = { "c5.xlarge" = 60 }')
    assert told(run("predict", *HERE, "--flows", "4", "--json", ELASTINET_CONFIG=str(file), **NOWHERE))[
        "wire_bps"
    ] == [10e9]
    wide = told(run("predict", "--src", "m5.16xlarge", "--dst", "m5.16xlarge", "--via", "gateway", "--flows", "9",
                    "--rules", "2026", "--json", **NOWHERE))  # fmt: skip
    assert (wide["wire_bps"], wide["mtu"]) == ([10e9], 1500)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--src", "c5.tiny", "--dst", "c5.large"), "c5.tiny"),
        (("--src", "c5.large"), "no instance type"),
        ((*HERE, "--flows", "-3"), "flows"),
        ((*HERE, "--bytes", "0"), "bytes"),
        ((*HERE, "--udp", "--mptcp"), "MPTCP"),
        ((*HERE, "--via", "region"), "in one region"),
        ((*HERE, "--rules", "1999"), "1999"),
        ((*HERE, "--express"), "ENA Express"),
        ((*HERE, "--plot", "x.gif"), "x.gif"),
        ((), "two instances are needed"),
    ],
)
def test_types_that_cannot(run: Run, words: tuple[str, ...], part: str) -> None:
    refused(run("predict", *words, **NOWHERE), 2, part)


def test_a_plot(run: Run, tmp_path: Path) -> None:
    for name in ("a.svg", "b.png"):
        assert run("predict", *HERE, "--flows", "4", "--plot", name, **NOWHERE).returncode == 0
    tree = ElementTree.parse(tmp_path / "a.svg")
    assert tree.getroot().tag.endswith("svg")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    refused(run("predict", *HERE, "--plot", "no/such/folder.svg", **NOWHERE), 1, "cannot write")


def test_credits(run: Run, world: SimpleNamespace) -> None:
    at = ("--state", "state")
    found = told(run("credits", "left", "--json", *at))
    full: dict[str, Any] = {"level_bits": 5250e9, "bps": 0, "seconds_to_empty": None, "seconds_to_full": 0}
    assert found["directions"] == {"out": full, "in": full}
    assert (found["baseline_bps"], found["peak_bps"], found["credit_bits"]) == (1.25e9, 10e9, 5250e9)
    _, head, out, _ = run("credits", "left", *at).stdout.splitlines()
    assert head.split() == ["direction", "level", "rate", "empty", "in", "full", "in"]
    assert out.split() == ["out", "100.0%", "0", "bit/s", "never", "0", "s"]
    assert "no network I/O credits" in run("credits", "right", *at).stdout
    world.ec2.stop_instances(InstanceIds=[world.left])
    assert told(run("credits", "left", "--json", *at))["directions"] == {}
    assert "does not run" in run("credits", "left", *at).stdout
    refused(run("credits", "nobody", *at), 2, "there is no instance nobody")


def test_credits_at_another_pace(run: Run) -> None:
    (found,) = [
        json.loads(run("predict", *HERE, "--flows", "4", "--json", ELASTINET_CREDIT_TIME_SCALE="60").stdout)
    ]
    assert found["times_s"] == [0, 10, 3600]
    shown = run("predict", *HERE, "--flows", "4", ELASTINET_CREDIT_TIME_SCALE="60").stdout
    assert "60 times as fast" in shown
    assert "times as fast" not in run("predict", *HERE, "--flows", "4").stdout
