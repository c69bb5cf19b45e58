"""`elastinet predict --collective`, and `--transport efa`, through the command."""

from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from commands import NONE, Run, refused, told
from place import launch, make_place

SIXTEEN = ("--collective", "allreduce", "--bytes", "1GiB", "--type", "p4d.24xlarge", "--count", "16")
TODAY = ("--rules", "2026")


def test_a_collective_needs_no_server(run: Run) -> None:
    found = told(run("predict", *SIXTEEN, *TODAY, "--json"))
    assert (found["transport"], found["algorithm"], found["ranks"], found["bytes"]) == (
        "efa",
        "ring",
        128,
        2**30,
    )
    assert (found["steps"], found["network_steps"], found["binding"]) == (254, 30, "network")
    assert found["busbw"] == pytest.approx(46.28e9, rel=1e-3)
    assert found["busbw"] == pytest.approx(found["algbw"] * 2 * 127 / 128)
    assert {other["algorithm"] for other in found["others"]} == {"tree", "recursive-doubling"}
    assert all(other["seconds"] >= found["seconds"] for other in found["others"])
    tree = told(run("predict", *SIXTEEN, *TODAY, "--algorithm", "tree", "--json"))
    assert (tree["algorithm"], tree["others"]) == ("tree", [])
    tcp = told(run("predict", *SIXTEEN, *TODAY, "--transport", "tcp", "--group", "cluster", "--json"))
    assert tcp["parts"][1]["by"].keys() == {"flow"}
    assert tcp["seconds"] > found["seconds"]
    alone = told(
        run("predict", *SIXTEEN, "--ranks-per-instance", "1", "--transport", "tcp", "--flows", "4", "--json")
    )
    assert alone["ranks"] == 16


def test_it_is_said(run: Run) -> None:
    lines = run("predict", *SIXTEEN, *TODAY).stdout.splitlines()
    assert lines[0] == "allreduce of 1.074 GB among 16 p4d.24xlarge, 128 ranks, over EFA, rules 2026"
    assert "time                 46.041 ms" in lines
    assert "binds                between instances" in lines
    assert "steps                254: 30 between instances, 224 inside" in lines
    assert any(line.startswith("step: 75 us; aws/aws-ofi-nccl") for line in lines)
    assert any(line.startswith("by tree: ") for line in lines)
    few = run(
        "predict", "--collective", "alltoall", "--bytes", "64KiB", "--type", "c5.large", "--count", "2"
    ).stdout
    assert "over TCP" in few
    assert "[inferred, widely quoted]" in few


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--type", "c5.large", "--transport", "efa"), "EFA interfaces are not supported on c5.large"),
        (("--count", "1"), "--count is a number from 2 to 100000, not 1"),
        (("--count", "two"), "not two"),
        (("--ranks-per-instance", "7"), "ranks on a p4d.24xlarge are 1 or 8, not 7"),
        (("--ranks-per-instance", "0"), "--ranks-per-instance is a number from 1 to 1024, not 0"),
        (("--bytes", "much"), "'much' is no quantity"),
        (("--type", "p4d.tiny"), "there is no instance type p4d.tiny"),
        (("--algorithm", "pairwise"), "allreduce goes by ring or tree or recursive-doubling, not by pairwise"),
        (("--udp",), "a collective is among"),
        (("--plot", "x.svg"), "a collective is among"),
        (("left", "right"), "a collective is among"),
    ],
)  # fmt: skip
def test_collectives_that_cannot(run: Run, words: tuple[str, ...], part: str) -> None:
    refused(run("predict", *SIXTEEN, *words), 2, part)


def test_what_only_a_collective_has(run: Run) -> None:
    refused(run("predict", "--collective", "reduce", "--type", "c5.large", "--count", "2"), 2, "bytes")
    refused(run("predict", "--type", "c5.large", "--count", "2"), 2, "are for --collective")


def test_efa_beside_tcp_for_types(run: Run) -> None:
    pair = ("--src", "p5.48xlarge", "--dst", "p5.48xlarge", "--transport", "efa", "--rules", "2026")
    found = told(run("predict", *pair, "--json"))
    assert (found["wire_bps"], found["tcp"]["wire_bps"]) == ([3200e9], [5e9])
    assert (found["tcp"]["binding"], "flow" in str(found["binding"])) == ([["flow"]], False)
    shown = run("predict", *pair).stdout
    assert (
        shown.index("over EFA")
        < shown.index("3.200 Tbit/s")
        < shown.index("over TCP")
        < shown.index("5.000 Gbit/s")
    )
    assert "no limit for one flow" in shown.replace("\n", " ")
    refused(run("predict", *pair, "--udp"), 2, "EFA carries neither UDP nor MPTCP")
    none = ("--src", "c5.large", "--dst", "p5.48xlarge", "--transport", "efa")
    refused(run("predict", *none), 2, "EFA interfaces are not supported on c5.large")


@pytest.fixture
def world(run: Run) -> SimpleNamespace:
    """A server of the edition 2026 with two instances with EFA, one, and one without."""
    server = told(run("start", *NONE, "--rules", "2026", "--state", "state"))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    place = make_place(ec2)
    made = []
    for name, kind in (("left", "efa"), ("right", "efa"), ("plain", "interface")):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        spec = {"DeviceIndex": 0, "SubnetId": place.subnet, "InterfaceType": kind}
        made += launch(
            ec2, place, InstanceType="c5n.18xlarge", TagSpecifications=tags, NetworkInterfaces=[spec]
        )
    return SimpleNamespace(ec2=ec2, place=place, ids=[one["InstanceId"] for one in made])


def test_efa_beside_tcp_for_instances(run: Run, world: SimpleNamespace, tmp_path: Path) -> None:
    at = ("--state", "state")
    found = told(run("predict", "left", "right", "--transport", "efa", "--json", *at))
    assert (found["wire_bps"], found["tcp"]["wire_bps"]) == ([100e9], [5e9])
    assert found["binding"] == [[f"{world.ids[0]} out", f"{world.ids[1]} in"]]
    assert "SRD" in found["why"]
    assert "over TCP" in run("predict", "left", "right", "--transport", "efa", *at).stdout
    assert run("predict", "left", "right", "--transport", "efa", "--plot", "x.svg", *at).returncode == 0
    assert (tmp_path / "x.svg").exists()
    refused(run("predict", "left", "plain", "--transport", "efa", *at), 2, f"{world.ids[2]} has no EFA")
    refused(run("predict", "left", "right", "--transport", "efa", "--mptcp", *at), 2, "neither UDP nor MPTCP")
    refused(
        run("predict", "left", "right", "--transport", "efa", "--via", "gateway", *at), 2, "is not routed"
    )
