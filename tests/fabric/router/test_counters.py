"""What the agent says has passed: interfaces as their guests see them, and the limit that held packets up."""

import re
import resource
import time
from typing import Any

import msgspec
import pytest

from elastinet.fabric.contract.messages import Measure, Measured
from elastinet.fabric.contract.objects import BandwidthLimits
from elastinet.rules.allowances import Allowance
from machine import MODES, Machine
from parts import ALL, eni, group, guest, network, table

RATE, FLOW = 80_000_000, 40_000_000
SEND = """
import socket, time
outs = [socket.socket(type=socket.SOCK_DGRAM) for _ in range({flows})]
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    for out in outs:
        out.sendto(bytes(1400), ("10.0.1.20", 9))
    time.sleep({pause})
"""


def bandwidth(number: int) -> BandwidthLimits:
    return BandwidthLimits(f"i-{number}", ("vpc-1",), "1", Allowance(RATE, RATE), FLOW, RATE)


REGION = (network(), table(), group(ALL), *(guest(n) for n in (1, 2)), eni(1, "10.0.1.10"),
          eni(2, "10.0.1.20"), bandwidth(1), bandwidth(2))  # fmt: skip


def measured(machine: Machine) -> Measured:
    """What the agent answers."""
    machine.engine.settimeout(20)
    machine.engine.sendall(msgspec.json.encode(Measure(7)) + b"\n")
    machine.facts.clear()
    found: dict[str, Any] = machine.wait(lambda fact: fact["type"] == "measured", "Measured")
    return msgspec.convert(found, Measured)


def waited(before: Measured, after: Measured) -> dict[str, int]:
    """How often each limit held up what the first instance sent."""
    old, new = before.out["i-1"].waited, after.out["i-1"].waited
    return {limit: count - old.get(limit, 0) for limit, count in new.items()}


def send(machine: Machine, flows: int, seconds: float, pause: float = 0) -> dict[str, int]:
    before = measured(machine)
    script = SEND.format(flows=flows, seconds=seconds, pause=pause)
    machine.ok("i-1", f"python3 -c '{script}'")
    return waited(before, measured(machine))


def test_the_limit_that_holds_packets_up(machine: Machine) -> None:
    machine.boot(*REGION)
    assert measured(machine).out.keys() == {"i-1", "i-2"}
    few = send(machine, flows=1, seconds=1, pause=0.01)
    assert few == {"flow": 0, "instance": 0}
    one = send(machine, flows=1, seconds=1)
    assert one["flow"] > 100
    assert one["instance"] < one["flow"] / 10
    time.sleep(0.5)  # what still waits is not the next one's
    many = send(machine, flows=8, seconds=1)
    assert many["instance"] > 100
    assert many["flow"] < many["instance"] / 10


def test_interfaces_as_their_guests_see_them(machine: Machine) -> None:
    machine.boot(*REGION)
    send(machine, flows=2, seconds=0.2, pause=0.001)
    for _ in range(20):
        found = measured(machine).interfaces
        said = {n: machine.ok(f"i-{n}", "ip -s -o link show eth0") for n in (1, 2)}
        if measured(machine).interfaces == found:
            break
    for number, text in said.items():
        counted = found[f"eni-{number}"]
        received, sent = re.search(r"RX:.*?\\\s+([\d ]+)", text), re.search(r"TX:.*?\\\s+([\d ]+)", text)
        assert received
        assert sent
        assert [counted.received_bytes, counted.received_packets] == [int(n) for n in received[1].split()[:2]]
        assert [counted.sent_bytes, counted.sent_packets] == [int(n) for n in sent[1].split()[:2]]


def test_what_cannot_be_read_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    """Every look opens a file; for a while the agent may open none."""
    machine = Machine(MODES[0])
    try:
        machine.boot(*REGION)
        agent = machine.agent_pid()
        limits = resource.prlimit(agent, resource.RLIMIT_NOFILE)
        resource.prlimit(agent, resource.RLIMIT_NOFILE, (0, limits[1]))
        looks = [measured(machine).interfaces for _ in range(2)]
        resource.prlimit(agent, resource.RLIMIT_NOFILE, limits)
        looks.append(measured(machine).interfaces)
    finally:
        machine.close()
    assert [bool(look) for look in looks] == [False, False, True]
    said = capfd.readouterr().err.splitlines()
    assert (
        said.count("elastinet agent: the counters of vpc-1 were not read: [Errno 24] Too many open files")
        == 1
    )
