"""`elastinet why --probe` and `verify --packets`: real packets beside the analysis, and where they differ."""

import json
import subprocess

import pytest

from elastinet.cli.measure.guests import said
from elastinet.serve.places import runtime_folder
from world import ELASTINET, World


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("probe") / "state")
    yield made
    made.stop()


@pytest.fixture(scope="module")
def vpc(world):
    made = world.vpc()
    world.allow(made.group, "tcp", 5432)
    world.allow(made.group, "udp", 53)
    return made


@pytest.fixture(scope="module")
def pair(world, vpc):
    """Two instances in two subnets, called left and right; left has a public address."""
    (left,) = world.launch(vpc.left, vpc.group, TagSpecifications=named("left"))
    (right,) = world.launch(vpc.right, vpc.group, TagSpecifications=named("right"))
    address = world.ec2.allocate_address(Domain="vpc")["AllocationId"]
    world.ec2.associate_address(AllocationId=address, InstanceId=left.id)
    return left, right


def named(name):
    return [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]


def why(world, *words):
    command = [ELASTINET, "why", *words, "--probe", "--json", "--server-port", str(world.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


ASKED = [
    (("left", "right", "--port", "5432"), True, "answered"),
    (("left", "right", "--port", "5433"), False, "silent"),
    (("left", "right", "--udp", "--port", "53"), True, "answered"),
    (("left", "right", "--udp", "--port", "54"), False, "silent"),
    (("left", "right", "--icmp"), False, "silent"),
    (("--from", "internet", "left", "--port", "5432"), True, "answered"),
    (("--from", "internet", "left", "--port", "22"), False, "silent"),
    (("left", "internet", "--port", "443"), True, "answered"),
    (("left", "internet", "--icmp"), True, "answered"),
]


@pytest.mark.parametrize(("words", "reachable", "seen"), ASKED)
def test_packets_and_analysis_agree(world, pair, words, reachable, seen):
    code, found = why(world, *words)
    assert found["reachable"] is reachable, found["sentence"]
    assert found["probe"] == {"reachable": reachable, "seen": seen}
    assert code == (0 if reachable else 1)


def test_where_the_guest_itself_drops_the_two_differ(world, pair):
    left, right = pair
    world.out(right.id, "ip route add blackhole $(echo " + left.ip + ")/32")
    try:
        code, found = why(world, "left", "right", "--port", "5432")
        assert (code, found["reachable"]) == (1, True)
        assert found["probe"]["reachable"] is False
    finally:
        world.out(right.id, f"ip route del blackhole {left.ip}/32")


def test_no_packets_to_who_does_not_run(world, vpc, pair):
    (third,) = world.launch(vpc.left, vpc.group, TagSpecifications=named("third"))
    world.ec2.stop_instances(InstanceIds=[third.id])
    world.ec2.get_waiter("instance_stopped").wait(InstanceIds=[third.id], WaiterConfig={"Delay": 0.05})
    code, found = why(world, "left", "third", "--port", "5432")
    assert (code, found["probe"]["reachable"]) == (1, None)
    assert "is not running" in found["probe"]["seen"]
    world.ec2.terminate_instances(InstanceIds=[third.id])


def test_a_file_of_assertions_by_packets(world, pair, tmp_path):
    rows = ["left -> right tcp/5432 allow", "right -> left udp/53 allow", "left -> right tcp/22 deny",
            "internet -> right tcp/5432 deny", "internet -> left tcp/5432 allow", "left -> right tcp/22 allow"]  # fmt: skip
    file = tmp_path / "rows.toml"
    file.write_text(f"assertions = {json.dumps(rows)}")
    done = world.cli("verify", str(file), "--packets", "--json", check=False)
    found = {one["assertion"]: one for one in json.loads(done.stdout)}
    assert [one["verdict"] for one in found.values()] == ["passed"] * 5 + ["failed"], found
    assert any(why.startswith("packets from") for why in found[rows[-1]]["why"])
    assert done.returncode == 1


def test_who_listens_already_answers_too(world, pair):
    _, right = pair
    world.out(right.id, "busybox httpd -p 5432 -h /tmp")
    assert why(world, "left", "right", "--port", "5432")[1]["probe"] == {
        "reachable": True,
        "seen": "answered",
    }


def test_what_an_instance_says_may_be_any_bytes(world, pair):
    done = said(runtime_folder(world.port), pair[0].id, ["printf", r"\377"])
    assert (done.returncode, done.stdout) == (0, r"\xff")
