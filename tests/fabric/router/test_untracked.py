"""Flows that groups let through for everybody end with the rule; those that are tracked outlive it."""

import re
import time

import pytest

from elastinet.fabric.contract.objects import AnyObject, Group, GroupRule
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import pings

WEB = GroupRule(6, 80, 80, "0.0.0.0/0")
NEAR = GroupRule(6, 80, 80, "10.0.0.0/16")
SERVER = """
import socket
listener = socket.create_server(("0.0.0.0", 80))
while True:
    connection, _ = listener.accept()
    while data := connection.recv(64):
        connection.sendall(data)
"""
CLIENT = """
import socket, time
while True:
    try:
        connection = socket.create_connection(("10.0.2.20", 80))
        break
    except ConnectionRefusedError:
        time.sleep(0.02)
connection.settimeout(0.1)
while True:
    connection.send(b"x")
    try:
        print(connection.recv(64), flush=True)
    except TimeoutError:
        pass
    time.sleep(0.02)
"""


def region(inward: GroupRule, outward: GroupRule = ALL) -> tuple[AnyObject, ...]:
    """A server that a group lets one rule into, and a client whose group lets nothing in."""
    server = group(inward, id="sg-2", egress=(outward,))
    base = (network(), table(), group(), server)
    return (*base, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.2.20", groups=("sg-2",)))


def closed(**changes: tuple[GroupRule, ...]) -> Group:
    return group(*changes.get("ingress", ()), id="sg-2", egress=changes.get("egress", (ALL,)))


class Talk:
    """A TCP connection between the two that talks all the time."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.heard = machine.disks / "i-1" / "root" / "root" / "heard"

    def __enter__(self) -> "Talk":
        self.machine.ok("i-2", f"nohup python3 -c '{SERVER}' > /root/served 2>&1 < /dev/null &")
        self.machine.ok("i-1", f"nohup python3 -c '{CLIENT}' > /root/heard 2>&1 < /dev/null &")
        self.machine.until(self.heard.exists, "the client")
        self.goes_on()
        return self

    def __exit__(self, *_: object) -> None:
        for who in ("i-1", "i-2"):
            self.machine.exec(who, "kill $(cat /proc/[0-9]*/stat | awk '/python3/ {print $1}')")

    def goes_on(self) -> None:
        """Wait until something is heard; TCP tries again ever more seldom what has been stopped."""
        self.machine.until(self._is_heard, "more of the talk")

    def has_ended(self) -> bool:
        """Whether nothing is heard any more, but for what was under way."""
        self._is_heard()
        return not self._is_heard()

    def _is_heard(self) -> bool:
        """Whether something is heard in the next while."""
        before = self.heard.read_text()
        end = time.monotonic() + 0.6
        while self.heard.read_text() == before and time.monotonic() < end:
            time.sleep(0.02)
        return self.heard.read_text() != before


def test_the_rule_goes_and_the_flow_with_it(machine: Machine) -> None:
    machine.boot(*region(WEB))
    with Talk(machine) as talk:
        machine.desire(group(ALL, id="sg-9"))
        machine.desire(drop=("group:sg-9",))
        talk.goes_on()  # another group's rules have nothing to do with it
        machine.desire(closed())
        assert talk.has_ended()
        machine.desire(closed(ingress=(NEAR,)))
        talk.goes_on()


def test_so_with_the_rule_by_which_answers_leave(machine: Machine) -> None:
    machine.boot(*region(WEB))
    with Talk(machine) as talk:
        machine.desire(closed(ingress=(WEB,), egress=()))
        assert talk.has_ended()


def test_so_with_the_group(machine: Machine) -> None:
    machine.boot(*region(WEB))
    with Talk(machine) as talk:
        machine.desire(eni(2, "10.0.2.20", groups=("sg-1",)))
        assert talk.has_ended()


@pytest.mark.parametrize(
    ("inward", "outward"),
    [(NEAR, ALL), (WEB, GroupRule(-1, -1, -1, "10.0.0.0/16")), (WEB, GroupRule(6, 1, 65535, "0.0.0.0/0"))],
)
def test_what_is_tracked_goes_on(machine: Machine, inward: GroupRule, outward: GroupRule) -> None:
    """A rule for some, or no rule by which everything may come back: the flow is tracked."""
    machine.boot(*region(inward, outward))
    with Talk(machine) as talk:
        machine.desire(closed(egress=()))
        talk.goes_on()


def test_the_other_end_tracks_it(machine: Machine) -> None:
    """The client's group lets nothing in, so that end tracks the flow, and losing its rule ends nothing."""
    machine.boot(*region(NEAR))
    with Talk(machine) as talk:
        machine.desire(group(egress=()))
        talk.goes_on()


def test_pings_are_tracked(machine: Machine) -> None:
    machine.boot(*region(ALL))
    heard = machine.disks / "i-1" / "root" / "root" / "pings"
    with machine.background("i-1", "exec ping -i 0.1 10.0.2.20 > /root/pings 2>&1"):
        machine.until(lambda: heard.exists() and "icmp_seq=3" in heard.read_text(), "answers")
        machine.desire(closed(egress=()))
        last = re.findall(r"icmp_seq=(\d+)", heard.read_text())[-1]
        machine.until(lambda: f"icmp_seq={int(last) + 5}" in heard.read_text(), "more answers")
    assert not pings(machine, "i-1", "10.0.2.20")
