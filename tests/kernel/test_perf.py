"""`elastinet perf`: iperf3 between two instances, and what it leaves behind."""

import json
import signal
import subprocess
import time

import pytest

from world import ELASTINET, World

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
    refused(perf(slow, one, other, "--mptcp", "--flows", "3"), "TCP ports 5201 to 5264 in")


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
    while not (rules(slow, vpc.group) and "ESTAB" in slow.out(other.id, "ss -Htn")):
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


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [
        ((), 0.95, 1.03),
        (("--flows", "4"), 0.95, 1.03),
        (("--udp",), 0.85, 1.03),  # what a busy receiver does not fetch in time is lost
        (("--mptcp", "--flows", "2"), 0.9, 1.03),
        (("--mptcp", "--flows", "4"), 0.9, 1.03),
    ],
)
def test_what_is_predicted_is_measured(slow, pair, words, least, most):
    one, other = pair
    found = told(perf(slow, one, other, "--open", "--duration", "4", "--json", *words))
    assert least <= found["ratio"] <= most, found
    assert list(found["binding"]) == ["flow"]


def test_credits_are_spent_and_predicted_from(tmp_path):
    world = World(tmp_path / "state", "--bandwidth-scale", "0.05", "--credit-time-scale", "150")
    try:
        vpc = world.vpc()
        (one,) = world.launch(vpc.left, vpc.group, InstanceType="c5.xlarge")
        (other,) = world.launch(vpc.left, vpc.group, InstanceType="c5n.18xlarge")
        asked = ("predict", one.id, other.id, "--flows", "4", "--json")
        before = told(world.cli(*asked))
        assert before["times_s"][1] == pytest.approx(4, rel=0.01)
        found = told(perf(world, one, other, "--open", "--flows", "4", "--duration", "8", "--json"))
        assert 0.95 <= found["ratio"] <= 1.05, found
        assert list(found["binding"]) == [f"{one.id} out"]
        shown = told(world.cli("credits", one.id, "--json"))
        spent, kept = shown["directions"]["out"], shown["directions"]["in"]
        assert spent["level_bits"] < 0.3 * shown["credit_bits"] < 0.9 * kept["level_bits"]
        assert 0 < spent["seconds_to_full"] < 30
        after = told(world.cli(*asked))
        assert after["times_s"][1] < before["times_s"][1] / 2
    finally:
        world.stop()


def test_credits_while_they_are_spent(slow, vpc):
    (one,) = slow.launch(vpc.left, vpc.group, InstanceType="c5.xlarge")
    (other,) = slow.launch(vpc.left, vpc.group, InstanceType="c5n.18xlarge")
    command = [ELASTINET, "perf", one.id, other.id, "--port", str(slow.port), "--open", "--flows", "4"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 20
        while (shown := told(slow.cli("credits", one.id, "--json")))["directions"]["out"]["bps"] < 9e9:
            assert time.monotonic() < end
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    out, into = shown["directions"]["out"], shown["directions"]["in"]
    assert out["bps"] == pytest.approx(10e9, rel=0.1)
    assert out["seconds_to_empty"] == pytest.approx(out["level_bits"] / (out["bps"] - 1.25e9))
    assert (out["seconds_to_full"], into["seconds_to_empty"]) == (None, None)
