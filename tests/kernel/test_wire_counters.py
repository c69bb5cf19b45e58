"""What the kernel has counted, as `elastinet nic --stats`, `top` and Prometheus show it, beside what the guest says."""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from commands import wait_until
from family import child, children
from world import World

NAMES = [
    *("rx_bytes", "rx_packets", "tx_bytes", "tx_packets"),
    *("bw_in_allowance_exceeded", "bw_out_allowance_exceeded", "pps_allowance_exceeded"),
    *("conntrack_allowance_exceeded", "linklocal_allowance_exceeded"),
]
SEND = """
import os, socket, sys, time
to, size, end = (sys.argv[1], 9), int(sys.argv[2]), time.monotonic() + float(sys.argv[3])
out, count = socket.socket(type=socket.SOCK_DGRAM), 0
while time.monotonic() < end and not os.path.exists("/root/enough"):
    out.sendto(bytes(size), to)
    count += 1
    time.sleep(float(sys.argv[4]))
print(count)
"""


@pytest.fixture
def pair(world: World) -> Any:
    """Two instances, the first with a second interface."""
    vpc = world.vpc()
    world.allow(vpc.group, "-1")
    one, other = world.launch(vpc.left, vpc.group, count=2)
    eni = world.ec2.create_network_interface(SubnetId=vpc.right, Groups=[vpc.group])["NetworkInterface"]
    where = {"NetworkInterfaceId": eni["NetworkInterfaceId"], "InstanceId": one.id, "DeviceIndex": 1}
    world.ec2.attach_network_interface(**where)
    world.settle()
    return SimpleNamespace(vpc=vpc, one=one, other=other, second=eni["NetworkInterfaceId"])


def counters(world: World, instance: str) -> dict[str, dict[str, int]]:
    """The counters of an instance's interfaces by their device."""
    told = json.loads(world.cli("nic", instance, "--stats", "--json").stdout)
    return {one["device"]: one["counters"] for one in told["interfaces"]}


def in_guest(world: World, instance: str, device: str) -> dict[str, int]:
    """What the guest's kernel says of a device."""
    names = [f"{way}_{what}" for way in ("rx", "tx") for what in ("bytes", "packets")]
    files = " ".join(f"/sys/class/net/{device}/statistics/{name}" for name in names)
    found = world.out(instance, f"cat {files}").split()
    return dict(zip(names, map(int, found), strict=True))


def send(world: World, instance: Any, to: str, size: int, seconds: float, pause: float = 0) -> int:
    """Send UDP datagrams; gives how many."""
    return int(world.out(instance.id, f"python3 -c '{SEND}' {to} {size} {seconds} {pause}"))


def until_received(world: World, instance: Any, packets: int) -> None:
    """Wait until an instance has received some more packets."""
    before = in_guest(world, instance.id, "eth0")["rx_packets"]
    wait_until(lambda: in_guest(world, instance.id, "eth0")["rx_packets"] >= before + packets)


def until_silent(world: World, instance: Any) -> None:
    """Wait until an instance receives nothing any more."""
    received = "cat /sys/class/net/eth0/statistics/rx_bytes"
    look = f"a=$({received}); sleep 0.3; test $(($({received}) - a)) -lt 1000"
    wait_until(lambda: world.sh(instance.id, look).returncode == 0)


def metric(world: World, name: str, **labels: str) -> float:
    """One value that Prometheus would scrape."""
    with urllib.request.urlopen(f"{world.url}/_elastinet/metrics", timeout=30) as reply:
        families = text_string_to_metric_families(reply.read().decode())
        samples = [
            s for f in families for s in f.samples if s.name == name and labels.items() <= s.labels.items()
        ]
    (found,) = samples
    return float(found.value)


def test_bytes_and_packets_are_those_of_the_guest(world: World, pair: Any) -> None:
    before = counters(world, pair.one.id)
    assert before.keys() == {"eth0", "eth1"}
    assert all(list(found) == NAMES for found in before.values())
    count = send(world, pair.one, pair.other.ip, 1000, 0.3, 0.001)
    for device in ("eth0", "eth1"):
        for _ in range(20):  # ARP and DHCP may come between two looks
            was = in_guest(world, pair.one.id, device)
            found = counters(world, pair.one.id)[device]
            if was == {name: found[name] for name in was}:
                break
        assert was == {name: found[name] for name in was}
    after = counters(world, pair.one.id)
    sent = after["eth0"]["tx_bytes"] - before["eth0"]["tx_bytes"]
    assert count * 1042 <= sent <= count * 1042 + 20_000
    assert after["eth1"]["tx_bytes"] - before["eth1"]["tx_bytes"] < 20_000
    text = world.cli("nic", pair.one.id, "--stats").stdout.splitlines()
    assert text[0].startswith("eth0 (eni-")
    assert [line.strip().partition(":")[0] for line in text[1:10]] == NAMES


def test_what_is_too_fast_for_the_services_is_its_interfaces(world: World, pair: Any) -> None:
    began = time.monotonic()
    count = send(world, pair.one, "169.254.169.254", 10, 0.5)
    took = time.monotonic() - began
    found = counters(world, pair.one.id)
    lost = found["eth0"]["linklocal_allowance_exceeded"]
    assert count - 1024 * (1 + took) <= lost < count
    assert lost > 0, "this machine is too slow to tell"
    assert found["eth1"]["linklocal_allowance_exceeded"] == 0
    assert counters(world, pair.other.id)["eth0"]["linklocal_allowance_exceeded"] == 0
    (eni,) = (i["NetworkInterfaceId"] for i in pair.one.shown["NetworkInterfaces"])
    labels = {"instance": pair.one.id, "interface": eni, "type": "c5.large"}
    assert metric(world, "elastinet_linklocal_allowance_exceeded_total", **labels) == lost


def test_top_shows_the_rate_of_the_moment(world: World, pair: Any) -> None:
    sender = threading.Thread(target=send, args=(world, pair.one, pair.other.ip, 5000, 60, 0.001))
    sender.start()
    until_received(world, pair.other, 500)
    began = in_guest(world, pair.one.id, "eth0"), time.monotonic()
    rates = json.loads(world.cli("top", "--json", "--interval", "1").stdout)
    ended = in_guest(world, pair.one.id, "eth0"), time.monotonic()
    world.out(pair.one.id, "touch /root/enough")
    sender.join()
    found = {(one["instance"], one["direction"]): one for one in rates}
    usual = 8 * (ended[0]["tx_bytes"] - began[0]["tx_bytes"]) / (ended[1] - began[1])
    out, received = found[pair.one.id, "out"], found[pair.other.id, "in"]
    assert usual * 0.6 < out["bps"] < usual * 1.6
    assert received["bps"] == pytest.approx(out["bps"], rel=0.05)
    assert out["share"] == pytest.approx(out["bps"] / out["allowance_bps"])
    assert found[pair.one.id, "in"]["bps"] < usual / 10


FLOOD = """
import os, socket, sys
outs = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(int(sys.argv[2]))]
while not os.path.exists("/root/enough"):
    for out in outs:
        out.sendto(bytes(8000), (sys.argv[1], 9))
"""


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[World]:
    """A server on which a c5.large sends 100 Mbit/s, and 7.5 after six seconds of that."""
    made = World(tmp_path / "state", "--bandwidth-scale", "0.01", "--credit-time-scale", "100")
    yield made
    made.cli("stop", check=False)


def test_what_holds_up_and_how_long_the_credits_last(slow: World) -> None:
    """One flow has half of the instance's bandwidth, several have all of it, and then the baseline is left."""
    vpc = slow.vpc()
    slow.allow(vpc.group, "-1")
    one, other = slow.launch(vpc.left, vpc.group, count=2)
    third, fourth = slow.launch(vpc.left, vpc.group, count=2)  # their credits are all there
    slow.settle()

    def rates(one: Any, other: Any) -> Any:
        told = json.loads(slow.cli("top", "--json", "--interval", "0.8").stdout)
        found = {(r["instance"], r["direction"]): SimpleNamespace(**r) for r in told}
        return SimpleNamespace(out=found[one.id, "out"], arriving_bps=found[other.id, "in"].bps)

    def look(one: Any, other: Any, flows: int, allowance_bps: float = 0) -> Any:
        """What is seen once packets arrive, or once there is a certain bandwidth."""
        slow.out(one.id, f"rm -f /root/enough; python3 -c '{FLOOD}' {other.ip} {flows} > /root/said 2>&1 &")
        until_received(slow, other, 100)
        if allowance_bps:
            wait_until(lambda: rates(one, other).out.allowance_bps == allowance_bps)
        seen = rates(one, other)
        slow.out(one.id, "touch /root/enough")
        return seen

    single = look(one, other, flows=1).out
    assert (single.binding, single.allowance_bps) == ("flow", 10e9)
    assert single.share == pytest.approx(0.5, rel=0.1)
    assert counters(slow, one.id)["eth0"]["bw_out_allowance_exceeded"] == 0
    assert 0 < single.credits < 1
    assert single.seconds_to_empty == pytest.approx(
        single.credits * 9.25e9 * 6 / (single.bps - 0.75e9), rel=0.01
    )
    many = look(third, fourth, flows=8).out
    assert (many.binding, many.allowance_bps) == ("instance", 10e9)
    assert many.share == pytest.approx(1, rel=0.1)
    held_up = counters(slow, third.id)["eth0"]["bw_out_allowance_exceeded"]
    assert held_up > 100
    assert counters(slow, fourth.id)["eth0"]["bw_out_allowance_exceeded"] == 0
    spent = look(third, fourth, flows=8, allowance_bps=0.75e9)
    assert (spent.out.binding, spent.out.allowance_bps) == ("instance", 0.75e9)
    assert spent.out.credits < 0.1
    assert spent.arriving_bps == pytest.approx(0.75e9, rel=0.1)
    until_silent(slow, fourth)  # what still waits must have come first
    credits = json.loads(slow.cli("credits", third.id, "--json").stdout)["directions"]["out"]
    assert credits["level_bits"] < 0.5 * 9.25e9 * 6
    assert credits["seconds_to_full"] == pytest.approx((9.25e9 * 6 - credits["level_bits"]) / 0.75e9, rel=0.1)
    predicted = json.loads(slow.cli("predict", third.id, fourth.id, "--json", "--duration", "1s").stdout)
    assert credits["level_bits"] <= predicted["levels"][f"{third.id} out"][0] < 0.6 * 9.25e9 * 6
    (eni,) = (i["NetworkInterfaceId"] for i in third.shown["NetworkInterfaces"])
    labels = {"instance": third.id, "type": "c5.large"}
    exceeded = metric(slow, "elastinet_bw_out_allowance_exceeded_total", interface=eni, **labels)
    assert exceeded > held_up
    assert metric(slow, "elastinet_instance_credit_bits", direction="in", **labels) == 9.25e9 * 6
    assert metric(slow, "elastinet_instance_credit_bits", direction="out", **labels) < 9.25e9


def test_a_stopped_instance_has_counted_nothing(world: World, pair: Any) -> None:
    world.ec2.stop_instances(InstanceIds=[pair.other.id])
    world.settle()
    refused = world.cli("nic", pair.other.id, "--stats", check=False)
    assert (
        refused.returncode,
        f"nothing is counted of {pair.other.id}: it is stopped" in refused.stderr,
    ) == (1, True)


def test_an_agent_that_does_not_answer(own_world: World) -> None:
    """That is said; nobody waits for ever, and afterwards all is as before."""
    vpc = own_world.vpc()
    (one,) = own_world.launch(vpc.left, vpc.group)
    assert counters(own_world, one.id)["eth0"]["tx_packets"] > 0
    (agent,) = children(child(own_world, "elastinet.fabric.agent.agent"))[:1]
    os.kill(agent, signal.SIGSTOP)
    try:
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{own_world.url}/_elastinet/metrics", timeout=30)
        with error.value as answer:
            assert (answer.code, "does not answer" in answer.read().decode()) == (503, True)
    finally:
        os.kill(agent, signal.SIGCONT)
    assert counters(own_world, one.id)["eth0"]["tx_packets"] > 0
