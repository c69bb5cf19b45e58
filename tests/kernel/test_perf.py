"""`elastinet perf`: iperf3 between two instances, and what it leaves behind."""

import json
import signal
import subprocess
import time

import pytest
from world import ELASTINET, World

pytestmark = pytest.mark.xdist_group("kernel-perf")
SCALE = 0.02


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A server whose bandwidths are so small that two cores carry them with ease."""
    made = World(tmp_path_factory.mktemp("slow") / "state", "--bandwidth-scale", str(SCALE))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def vpc(slow):
    return slow.vpc()


@pytest.fixture(scope="module")
def pair(slow, vpc):
    """Two instances whose group lets nothing in."""
    return slow.launch(vpc.left, vpc.group, 2, InstanceType="c5n.18xlarge")


def perf(world, one, other, *words):
    return world.cli("perf", one.id, other.id, *words, check=False)


def told(done):
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def refused(done, *parts):
    assert done.returncode == 2, done
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    for part in parts:
        assert part in line


def rules(world, group):
    asked = world.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [rule for rule in asked["SecurityGroupRules"] if not rule["IsEgress"]]


def test_a_closed_group(slow, vpc, pair):
    one, other = pair
    refused(perf(slow, one, other), vpc.group, f"TCP port 5201 in from {one.ip}/32", "--open")
    refused(perf(slow, one, other, "--udp"), "TCP port 5201 in", "UDP port 5201 in")
    refused(perf(slow, one, other, "--mptcp", "--flows", "3"), "TCP ports 5201 to 5203 in")


def test_what_cannot_be_measured(slow, pair):
    one, other = pair
    refused(perf(slow, one, one), "both ends are")
    refused(perf(slow, one, other, "--flows", "0"), "flows")
    refused(perf(slow, one, other, "--duration", "-1"), "duration")
    refused(perf(slow, one, other, "--duration", "0.2"), "duration")
    refused(perf(slow, one, other, "--duration", "2d"), "duration")
    refused(perf(slow, one, other, "--mptcp", "--flows", "9"), "8 subflows at the most")
    refused(perf(slow, one, other, "--udp", "--mptcp"), "MPTCP")
    refused(perf(slow, one, other, "--via", "gateway"), "no public address")
    refused(slow.cli("perf", one.id, "nobody", check=False), "there is no instance nobody")


def test_a_stopped_instance(slow, vpc, pair):
    (third,) = slow.launch(vpc.left, vpc.group)
    slow.ec2.stop_instances(InstanceIds=[third.id])
    slow.ec2.get_waiter("instance_stopped").wait(InstanceIds=[third.id], WaiterConfig={"Delay": 0.05})
    refused(perf(slow, pair[0], third), f"{third.id} is stopped, not running")


def test_without_iperf3(slow, vpc, pair):
    (third,) = slow.launch(vpc.left, vpc.group)
    slow.out(third.id, "rm /usr/bin/iperf3")
    refused(perf(slow, pair[0], third, "--open"), "iperf3 is not installed", third.id)
    assert rules(slow, vpc.group) == []


def test_opened_for_the_run_only(slow, vpc, pair):
    one, other = pair
    shown = perf(slow, one, other, "--open", "--duration", "1")
    assert shown.returncode == 0, shown
    heads = [line.split()[0] for line in shown.stdout.splitlines()]
    assert heads == [one.id, "measured", "predicted", "ratio", "binds", "Packets"]
    assert rules(slow, vpc.group) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_closed_again_when_interrupted(slow, vpc, pair, number):
    one, other = pair
    command = [ELASTINET, "perf", one.id, other.id, "--port", str(slow.port), "--open", "--mptcp"]
    command += ["--flows", "2", "--duration", "30"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 20
    while "ESTAB" not in slow.out(other.id, "ss -Htn"):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert len(rules(slow, vpc.group)) == 1
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert rules(slow, vpc.group) == []
    assert slow.out(other.id, "ip mptcp endpoint show") == ""
    assert "iperf3" not in slow.out(one.id, "ps ax") + slow.out(other.id, "ps ax")


def test_subflows_leave_nothing(slow, vpc, pair):
    one, other = pair
    before = [slow.out(end.id, "ip mptcp limits show") for end in pair]
    found = told(perf(slow, one, other, "--open", "--mptcp", "--flows", "2", "--duration", "1", "--json"))
    assert found["predicted_bps"] == pytest.approx(2 * 5e9 * 8925 / 9015)
    assert [slow.out(end.id, "ip mptcp limits show") for end in pair] == before
    assert slow.out(other.id, "ip mptcp endpoint show") == ""
    assert rules(slow, vpc.group) == []
