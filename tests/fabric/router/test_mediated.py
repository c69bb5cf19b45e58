"""Interfaces whose every packet passes through a process of the hypervisor's."""

import os
import signal
import socket
from pathlib import Path

import pytest

from elastinet.serve import places
from frames import mac, packets
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import pings, reaches
from relays import relays

OWN = "02:00:00:00:00:01"
BASE = (network(), table(), group(ALL))


@pytest.fixture
def two(machine: Machine) -> Machine:
    """One mediated instance, and one that is not."""
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10", mediated=True), guest(2), eni(2, "10.0.1.20"))
    return machine


def test_packets_pass_through_one_process_each(two: Machine) -> None:
    assert reaches(two, "i-1", "10.0.1.20")
    assert reaches(two, "i-2", "10.0.1.10")
    assert len(relays(two.process.pid)) == 1
    text = two.ok("i-1", "ip addr show eth0; ip route")
    for part in ("mtu 9001", "02:00:00:00:00:01", "inet 10.0.1.10/24", "default via 10.0.1.1 dev eth0"):
        assert part in text
    two.ok("i-1", "ping -c 1 -M do -s 8973 10.0.1.20")
    two.ok("i-2", "iperf3 -s -1 -D")
    two.until(lambda: not two.exec("i-1", "iperf3 -c 10.0.1.20 -n 20M")[0], "a stream")


def test_only_mediated_packets_wait_for_the_hypervisor(two: Machine) -> None:
    (relay,) = relays(two.process.pid)
    os.kill(relay, signal.SIGSTOP)
    assert not pings(two, "i-1", "10.0.1.1")
    assert reaches(two, "i-2", "10.0.1.1")
    os.kill(relay, signal.SIGCONT)
    two.until(lambda: pings(two, "i-1", "10.0.1.1"), "the path")


def test_a_relay_that_dies_is_made_anew_with_its_link(two: Machine) -> None:
    two.facts.clear()
    (relay,) = relays(two.process.pid)
    os.kill(relay, signal.SIGKILL)
    two.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-1")
    assert reaches(two, "i-1", "10.0.1.20")
    assert len(relays(two.process.pid)) == 1
    assert relays(two.process.pid) != [relay]


def test_a_relay_has_no_power(two: Machine) -> None:
    (relay,) = relays(two.process.pid)
    status = dict(line.split(":\t") for line in Path(f"/proc/{relay}/status").read_text().splitlines())
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert len(os.listdir(f"/proc/{relay}/fd")) == 2


def test_an_interface_changes_its_path_with_its_instance(two: Machine) -> None:
    second = {"device": "eth1", "id": "eni-3", "mac": "02:00:00:00:00:03"}
    two.boot(eni(2, "10.0.1.30", **second, attachment="a"))
    assert len(relays(two.process.pid)) == 1
    assert not two.desire(eni(1, "10.0.1.30", **second, attachment="b", mediated=True))
    two.until(lambda: "10.0.1.30" in two.exec("i-1", "ip addr show eth1")[1], "the interface")
    assert len(relays(two.process.pid)) == 2
    assert "eth1" not in two.ok("i-2", "ip link")
    assert reaches(two, "i-2", "10.0.1.30")
    assert not two.desire(drop=("interface:eni-3",))
    two.until(lambda: "eth1" not in two.ok("i-1", "ip link"), "the interface's end")
    two.until(lambda: len(relays(two.process.pid)) == 1, "the relay's end")
    for attachment in "cd":  # back at once, under the name that it had
        two.say(eni(1, "10.0.1.30", **second, attachment=attachment, mediated=True))
    two.wait(lambda fact: fact["type"] == "attached" and fact["attachment"] == "d")
    two.until(lambda: pings(two, "i-2", "10.0.1.30"), "the path")


def test_a_guest_takes_its_relay_along(two: Machine) -> None:
    assert not two.desire(drop=("guest:i-1", "interface:eni-1"))
    two.until(lambda: not relays(two.process.pid), "the relay's end")
    two.boot(guest(1, boot=2), eni(1, "10.0.1.10", mediated=True))
    assert reaches(two, "i-2", "10.0.1.10")
    (relay,) = relays(two.process.pid)
    two.kill()
    two.until(lambda: not places.is_alive(int(relay)), "the relay's end")
    two.start()


def test_what_is_there_is_what_is_wanted(two: Machine) -> None:
    two.facts.clear()
    assert not two.desire(observe=True)
    assert not any(fact["type"] in ("attached", "detached") for fact in two.facts)


TUNNEL = "ip link add vx type vxlan id 7 remote {far} dstport 4789 dev eth0; ip addr add 10.9.0.{n}/24 dev vx; ip link set vx up"


def test_segments_inside_a_tunnel_arrive(two: Machine) -> None:
    """No header between processes can tell of them, so they are cut before."""
    two.boot(guest(3), eni(3, "10.0.1.30", mediated=True))
    two.ok("i-1", TUNNEL.format(far="10.0.1.30", n=1))
    two.ok("i-3", TUNNEL.format(far="10.0.1.10", n=3) + "; iperf3 -s -1 -D")
    two.until(lambda: "LISTEN" in two.ok("i-3", "ss -tln sport = 5201"), "the server")
    said = two.ok("i-1", "iperf3 -J -c 10.9.0.3 -n 50M | grep retransmits | tail -1")
    assert int(said.rstrip().rstrip(",").split(":")[1]) < 100


ARP = b"\x08\x06"
WHO_HAS_10_0_1_20 = (
    bytes.fromhex("0001080006040001") + mac(OWN) + bytes.fromhex("0a00010a 000000000000 0a000114")
)


@pytest.mark.parametrize(("tag", "answered"), [(b"", True), (b"\x81\0\0\5", False)])
def test_a_tagged_frame_does_not_arrive_without_its_tag(two: Machine, tag: bytes, answered: bool) -> None:
    with packets(two, "i-1", "eth0") as device:
        device.send(b"\xff" * 6 + mac(OWN) + tag + ARP + WHO_HAS_10_0_1_20)
        assert _is_answered(device) == answered


def _is_answered(device: socket.socket) -> bool:
    device.settimeout(0.5)
    try:
        while True:
            data = device.recv(65535)
            if data[12:14] == ARP and data[20:22] == b"\0\2":
                return True
    except TimeoutError:
        return False
