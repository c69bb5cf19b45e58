"""Hardware that fails under running instances: processes die, interfaces go dark, all comes back."""

import json
from xml.etree import ElementTree

import pytest

from world import ping


@pytest.fixture(autouse=True)
def empty(world):
    """Each test begins with an account as new."""
    yield
    world.cli("reset")


@pytest.fixture
def pair(world):
    """Two instances that reach one another, on a rack each."""
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    world.ec2.create_placement_group(GroupName="apart", Strategy="spread")
    one, two = world.launch(vpc.left, vpc.group, 2, Placement={"GroupName": "apart"})
    assert ping(world, one.id, two.ip)
    return one, two


def rack_of(world, id):
    for rack in json.loads(world.cli("plant", "--json").stdout)["used"]:
        if any(id == one["id"] for host in rack["hosts"] for one in host["instances"]):
            return rack["rack"]
    raise LookupError(id)


def status(world, id):
    (found,) = world.ec2.describe_instance_status(InstanceIds=[id])["InstanceStatuses"]
    return found["SystemStatus"]["Status"]


def test_power(world, pair):
    one, two = pair
    world.out(two.id, "echo kept > /root/note; touch /tmp/since-boot; sleep 600 > /dev/null 2>&1 &")
    rack = rack_of(world, two.id)
    said = world.cli("fail", "rack", rack).stdout
    assert f"{rack}: 1 instances without power" in said
    world.settle()
    assert not ping(world, one.id, two.ip)
    assert "not running" in world.sh(two.id, "true").stderr
    assert status(world, two.id) == "impaired"
    assert status(world, one.id) == "ok"
    world.cli("repair", "rack", rack)
    world.settle()
    assert ping(world, one.id, two.ip)
    assert world.out(two.id, "cat /root/note") == "kept\n"
    assert "sleep 600" not in world.out(two.id, "ps ax")
    assert status(world, two.id) == "ok"


def test_network_only(world, pair):
    one, two = pair
    world.out(two.id, "sleep 600 > /dev/null 2>&1 &")
    rack = rack_of(world, two.id)
    world.cli("fail", "rack", rack, "--network")
    world.settle()
    assert not ping(world, one.id, two.ip)
    assert not ping(world, two.id, one.ip)
    assert world.sh(two.id, "curl -s --max-time 1 http://169.254.169.254/").returncode != 0
    assert "sleep 600" in world.out(two.id, "ps ax")
    world.cli("repair", "rack", rack)
    world.settle()
    assert ping(world, one.id, two.ip)
    assert ping(world, two.id, one.ip)


def test_away_to_other_hardware(world, pair):
    one, two = pair
    rack = rack_of(world, two.id)
    world.cli("fail", "rack", rack)
    world.ec2.stop_instances(InstanceIds=[two.id])
    soon = {"Delay": 0.05, "MaxAttempts": 1200}
    world.ec2.get_waiter("instance_stopped").wait(InstanceIds=[two.id], WaiterConfig=soon)
    world.ec2.start_instances(InstanceIds=[two.id])
    world.ec2.get_waiter("instance_running").wait(InstanceIds=[two.id], WaiterConfig=soon)
    assert rack_of(world, two.id) != rack
    assert ping(world, one.id, two.ip)
    world.cli("repair", "rack", rack)


def test_what_the_command_line_shows(world, pair, tmp_path):
    one, _ = pair
    rack = rack_of(world, one.id)
    picture = tmp_path / "plant.svg"
    world.cli("fail", "rack", rack)
    shown = world.cli("plant", "--svg", str(picture)).stdout
    for part in (rack, one.id, "down", "without power", "of 384 hosts in use"):
        assert part in shown
    boxes = ElementTree.parse(picture).getroot().findall("{http://www.w3.org/2000/svg}rect")
    assert len(boxes) == 384
    assert sum(box.get("fill") == "#c0392b" for box in boxes) == 12
    world.cli("repair", "rack", rack)
    assert "12 hosts on 1 racks" in world.cli(
        "place", "--type", "c5n.18xlarge", "--count", "12", "--strategy", "cluster"
    ).stdout.replace("24 hosts", "12 hosts")
    short = world.cli("place", "--type", "c5n.large", "--count", "8", "--strategy", "spread", check=False)
    assert (short.returncode, "7 of 8" in short.stderr) == (1, True)
    wrong = world.cli("fail", "rack", "use1-az2-host-1", check=False)
    assert (wrong.returncode, "is no rack" in wrong.stderr) == (2, True)
    lost = world.cli("fail", "rack", "use1-az2-rack-999", check=False)
    assert (lost.returncode, lost.stderr.count("\n"), "there is no" in lost.stderr) == (1, 1, True)
