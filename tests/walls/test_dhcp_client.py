"""A DHCP client that ends before it has told of a lease is started again; that it ended is told meanwhile."""

from collections.abc import Iterator

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

CLIENT = "pgrep -f 'udhcpc.* eth1$'"
SECOND = eni(2, "10.0.1.20", guest="i-1", device="eth1")


@pytest.fixture
def unanswered(machine: Machine) -> Iterator[Machine]:
    """An instance whose second interface has asked for its address, and nobody answers."""
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    machine.inside("vpc-1", "busybox", "killall", "-STOP", "dnsmasq")
    machine.say(SECOND)
    machine.until(lambda: machine.exec("i-1", CLIENT)[0] == 0, "a client")
    yield machine
    machine.inside("vpc-1", "busybox", "killall", "-CONT", "dnsmasq")


def test_it_is_started_again(unanswered: Machine) -> None:
    before = unanswered.ok("i-1", CLIENT)
    unanswered.ok("i-1", f"kill -9 {before}")
    unanswered.until(lambda: unanswered.exec("i-1", CLIENT)[1].strip() not in ("", before.strip()), "another")
    told = unanswered.desire(observe=True)
    assert told == {"interface:eni-2": "its DHCP client ended with 137"}
    unanswered.inside("vpc-1", "busybox", "killall", "-CONT", "dnsmasq")
    unanswered.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-2", "its address")
    assert unanswered.desire(observe=True) == {}


def test_a_guest_that_ends_each_of_them_holds_no_descriptor_here(unanswered: Machine) -> None:
    """Whatever of theirs it keeps open."""
    keep = "exec 7>/proc/$1/fd/5; kill -9 $1; exec sleep 60"
    ends = len(open_ones(unanswered))
    for _ in range(4):
        before = unanswered.ok("i-1", CLIENT).strip()
        unanswered.ok("i-1", f"sh -c '{keep}' sh {before} >/dev/null 2>&1 &")
        unanswered.until(lambda b=before: unanswered.exec("i-1", CLIENT)[1].strip() not in ("", b), "another")
    assert len(open_ones(unanswered)) <= ends + 1


def open_ones(machine: Machine) -> list[str]:
    """The descriptors of the agent, which is the first process where it is."""
    return machine.among_mounts("ls", "/proc/1/fd").split()
