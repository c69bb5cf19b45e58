"""Interfaces that a program has for itself: the guest's kernel is deaf and dumb on them until it ends."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from elastinet.cli.dpdk import command
from elastinet.fabric.contract import client
from machine import Machine
from parts import ALL, eni, group, guest, network, table

needs_dpdk = pytest.mark.skipif(not shutil.which("dpdk-testpmd"), reason="no dpdk-testpmd: package dpdk-dev")
SECOND = eni(3, "10.0.2.10", guest="i-1", device="eth1", addresses6=("2001:db8::a",), subnet6="2001:db8::/64")
STATE = """
    ip -o link show dev eth1 | sed 's/qlen.*//'; ip -o address show dev eth1; ip rule; ip -6 rule
    ip route show table all dev eth1; ip -6 route show table all dev eth1; nft list tables
    cat /proc/sys/net/ipv6/conf/eth1/mtu
    for process in /proc/[0-9]*; do tr '\\0' ' ' < $process/cmdline | grep -q '^[^ ]*busybox udhcpc .*eth1 $' && echo $process; done
    true
"""
CONNECT = "busybox nc -w {} 10.0.2.10 9 </dev/null 2>&1"
PROGRAM = "grep -qsx cat /proc/[0-9]*/comm"
"""A command is started once its interfaces are its own."""
PATIENT = "ping -c1 -i0.2 -w30"
"""Ends with the first answer, however late."""
SPEAK = """
    ping -c1 -W0.3 -I eth1 10.0.1.20; ping -c1 -W0.3 -I eth1 ff02::1
    ip neigh replace 10.0.2.78 dev eth1 use; ip neigh replace 2001:db8::78 dev eth1 use; sleep 0.3
"""
SENT = "cat /sys/class/net/eth1/statistics/tx_packets"
FORWARD = """
    sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0
    ip route add 192.0.2.0/24 via 10.0.2.1 dev eth1
    ip neigh replace 10.0.2.1 lladdr 0e:00:00:00:00:01 dev eth1 nud permanent
"""
ROUTER_END = "ethtool -k e3 | grep -E '^(tx|tcp|generic-seg|.tx)' | sort"


class Running(NamedTuple):
    """A program with an interface of its own, and how it has ended."""

    into: int
    statuses: list[int | str]

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.into)


@contextlib.contextmanager
def bound(machine: Machine, *argv: str, mtu: int = 1500) -> Iterator[Running]:
    """Run a program that ends with its input, eth1 of i-1 in its hands."""
    out, into = os.pipe()
    null, statuses = os.open("/dev/null", os.O_WRONLY), []

    def run() -> None:
        try:
            with machine.as_user():
                status: int | str = client.run(
                    machine.run, "i-1", argv, bind={"eni-3": mtu}, stdin=out, stdout=null, stderr=null
                )
        except client.AgentGone as error:
            status = str(error)
        statuses.append(status)

    thread = threading.Thread(target=run)
    thread.start()
    running = Running(into, statuses)
    try:
        yield running
    finally:
        running.stop()
        thread.join(60)
        os.close(out)
        os.close(null)


@pytest.fixture
def up(machine: Machine) -> Machine:
    six = network(cidrs6=("2001:db8::/56",))
    machine.boot(six, table(), group(ALL), guest(1), eni(1, "10.0.1.10"), SECOND)
    machine.boot(guest(2), eni(2, "10.0.1.20"))
    machine.ok("i-2", f"{PATIENT} 10.0.2.10")
    return machine


def until_deaf(machine: Machine) -> None:
    machine.until(lambda: machine.exec("i-1", PROGRAM)[0] == 0, "the program")
    assert not answers(machine)


def until_as_before(machine: Machine, before: str) -> None:
    """An address of IPv6 is tentative for a moment."""
    machine.until(lambda: machine.ok("i-1", STATE) == before, "the state before")


def hears(machine: Machine) -> bool:
    return machine.exec("i-2", f"{PATIENT} 10.0.2.10")[0] == 0


def answers(machine: Machine) -> bool:
    """At once: to be asked where no answer is to come."""
    return machine.exec("i-2", "ping -c1 -W0.3 10.0.2.10")[0] == 0


def test_the_guest_s_kernel_neither_hears_nor_speaks(up: Machine) -> None:
    before = up.ok("i-1", STATE)
    assert "/proc/" in before
    assert "refused" in up.exec("i-2", CONNECT.format(30))[1]
    with bound(up, "cat"):
        until_deaf(up)
        assert "refused" not in up.exec("i-2", CONNECT.format(1))[1]
        # No frame leaves: neither IP, ARP nor a neighbour's question.
        count = up.ok("i-1", SENT)
        up.exec("i-1", SPEAK)
        assert up.ok("i-1", SENT) == count
        # Its root cannot take the filter away.
        up.ok("i-1", "nft flush ruleset; nft delete table netdev elastinet_eth1 2>/dev/null; true")
        assert not answers(up)
    assert hears(up)
    until_as_before(up, before)


def test_the_guest_s_kernel_forwards_nothing_by_it(up: Machine) -> None:
    up.boot(table(("192.0.2.0/24", "eni-1")), eni(1, "10.0.1.10", check=False))
    up.ok("i-1", FORWARD)
    up.exec("i-2", "ping -c1 -W0.3 192.0.2.1")
    count = int(up.ok("i-1", SENT))
    up.exec("i-2", "ping -c3 -i0.2 -W0.3 192.0.2.1")
    assert int(up.ok("i-1", SENT)) >= count + 3
    with bound(up, "cat"):
        until_deaf(up)
        count = int(up.ok("i-1", SENT))
        up.exec("i-2", "ping -c3 -i0.2 -W0.3 192.0.2.1")
        assert int(up.ok("i-1", SENT)) == count


def test_other_interfaces_are_as_ever(up: Machine) -> None:
    with bound(up, "cat"):
        until_deaf(up)
        up.ok("i-2", f"{PATIENT} 10.0.1.10")
        up.ok("i-1", f"{PATIENT} 10.0.1.20")


def test_whatever_the_program_does_to_the_interface_is_undone(up: Machine) -> None:
    up.ok("i-1", "ip route add 192.0.2.0/24 via 10.0.2.1 dev eth1; ip route add 198.51.100.0/24 dev eth1")
    before = up.ok("i-1", STATE)
    havoc = """
        ip link set eth1 down; ip link set eth1 address 02:00:00:00:00:99 mtu 600 promisc on allmulticast on
        ip address flush dev eth1; ip link set eth1 up; exit 3
    """
    with bound(up, "sh", "-c", havoc) as running:
        up.until(lambda: bool(running.statuses), "the end")
    assert running.statuses == [3]
    until_as_before(up, before)
    assert hears(up)


def test_frames_are_whole_and_not_too_large(up: Machine) -> None:
    before = up.inside("vpc-1", "sh", "-c", ROUTER_END)
    with bound(up, "cat", mtu=1500):
        until_deaf(up)
        features = up.inside("vpc-1", "sh", "-c", ROUTER_END)
        assert "tcp-segmentation-offload: off" in features
        assert "tx-checksumming: off" in features
        received = "cat /sys/class/net/eth1/statistics/rx_packets"
        count = int(up.ok("i-1", received))
        up.exec("i-2", "ping -c20 -i0.02 -W0.3 -s 1472 10.0.2.10")
        assert (smaller := int(up.ok("i-1", received))) >= count + 20
        up.exec("i-2", "ping -c20 -i0.02 -W0.3 -s 1520 10.0.2.10")
        assert int(up.ok("i-1", received)) < smaller + 20  # others may say something
    assert up.inside("vpc-1", "sh", "-c", ROUTER_END) == before


def test_an_interface_is_one_program_s(up: Machine) -> None:
    with bound(up, "cat"):
        until_deaf(up)
        with bound(up, "cat") as second:
            up.until(lambda: bool(second.statuses), "the refusal")
        assert second.statuses == ["eth1 of i-1 is taken: another program has it for itself"]
        assert not answers(up)
    with bound(up, "true") as third:
        up.until(lambda: bool(third.statuses), "the end")
    assert third.statuses == [0]


def test_a_program_that_is_not_there_leaves_the_interface_as_it_was(up: Machine) -> None:
    before = up.ok("i-1", STATE)
    with bound(up, "no-such-program") as running:
        up.until(lambda: bool(running.statuses), "the end")
    assert running.statuses == [127]
    until_as_before(up, before)


def test_an_interface_that_is_not_there_or_mediated(up: Machine) -> None:
    up.desire(drop=("interface:eni-3",))
    with bound(up, "cat") as running:
        up.until(lambda: bool(running.statuses), "the refusal")
    assert running.statuses == ["eni-3 is not in i-1"]
    up.boot(eni(3, "10.0.2.10", guest="i-1", device="eth1", mediated=True))
    assert hears(up)
    with bound(up, "cat") as running:
        up.until(lambda: bool(running.statuses), "the refusal")
    assert running.statuses == ["eth1 of i-1 is no device: the hypervisor carries its packets"]


def test_the_agent_mends_nothing_of_it(up: Machine) -> None:
    with bound(up, "cat"):
        until_deaf(up)
        assert up.desire(observe=True) == {}
        assert not answers(up)
        assert "mtu 1500" in up.ok("i-1", "ip link show eth1")


def test_an_interface_that_leaves_takes_its_filter_along(up: Machine) -> None:
    with bound(up, "cat") as running:
        until_deaf(up)
        up.desire(drop=("interface:eni-3",))
        other = eni(4, "10.0.2.11", guest="i-1", device="eth1")
        up.boot(other)
        up.ok("i-2", f"{PATIENT} 10.0.2.11")
        up.until(lambda: not up.ok("i-1", "nft list tables"), "the end of the filter")
        assert not running.statuses
    assert running.statuses == [0]
    up.ok("i-2", f"{PATIENT} 10.0.2.11")


def test_a_guest_that_ends_leaves_nothing(up: Machine) -> None:
    tasks = f"/proc/{up.agent_pid()}/task"
    before = len(os.listdir(tasks))
    with bound(up, "cat") as running:
        until_deaf(up)
        up.desire(drop=("guest:i-1", "interface:eni-1", "interface:eni-3"))
        up.until(lambda: bool(running.statuses), "the end")
    assert running.statuses == [137]
    up.until(lambda: len(os.listdir(tasks)) <= before, "the end of the thread")


@needs_dpdk
def test_dpdk_answers_in_the_kernel_s_place(up: Machine) -> None:
    words = ("testpmd", "--", "--forward-mode=icmpecho", "--auto-start")
    limits = Path(f"/proc/{up.agent_pid()}/limits").read_text()
    (most,) = re.findall(r"Max locked memory +(\w+)", limits)
    room = None if most == "unlimited" else int(most)
    argv = command.line(command.asked(words), ["eth1"], 9001, "0,1", room)
    with bound(up, *argv, mtu=9001) as running:
        own = "ping -c1 -W0.3 -I eth1 10.0.1.20"
        up.until(lambda: up.exec("i-1", own)[0] != 0, "the kernel without its interface")
        up.ok("i-2", f"{PATIENT} -s 8000 10.0.2.10")
        assert up.exec("i-1", own)[0] != 0
        running.stop()
    assert running.statuses == [0]
