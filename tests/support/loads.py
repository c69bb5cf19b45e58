"""Real load between guests, and what the rules say that it will be."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from elastinet.fabric.contract.messages import Measure
from elastinet.fabric.contract.objects import BandwidthLimits, FlowLimit
from elastinet.rules.allowances import Allowance
from elastinet.rules.frames import Transport, share
from machine import Machine

MBIT = 10**6
LOW, HIGH, NEVER = 0.97, 1.01, 1.05
ATTEMPTS = 4
"""A machine that others use too is sometimes late, with packets and with reading the clock."""


def limits(number: int, mbit: int, **changes: Any) -> BandwidthLimits:
    """What guest `number` may send and receive, in Mbit/s; flows and the gateway are not held to less."""
    fields: dict[str, Any] = {
        "networks": ("vpc-1",),
        "since": "1",
        "allowance": Allowance(mbit * MBIT, mbit * MBIT),
        "flow_bps": mbit * MBIT,
        "gateway_bps": mbit * MBIT,
    }
    return BandwidthLimits(f"i-{number}", **(fields | changes))


def bursting(number: int, baseline: int, peak: int, seconds: float, **changes: Any) -> BandwidthLimits:
    """The same with credits for so many seconds at the peak."""
    bucket = Allowance(baseline * MBIT, peak * MBIT, round((peak - baseline) * MBIT * seconds))
    return limits(number, peak, allowance=bucket, **changes)


def nearer(near: str, mbit: int, *protocols: int, interfaces: tuple[str, ...] = ()) -> FlowLimit:
    return FlowLimit(near, mbit * MBIT, protocols, interfaces)


WARM_UP_SECONDS, SECONDS = 0.6, 1.5
SNAPSHOT = """at=$EPOCHREALTIME all=0
while read -r name bytes _; do [[ $name == *: && $name != lo: ]] && ((all += bytes)); done < /proc/net/dev
echo "$at $all"
"""
"""One process reads the clock and the counters: two may be far from each other on a busy machine."""


class Load:
    """iperf3 from a guest to a server in another, and what really arrives while it runs.

    The receiver's own counter is read twice: what was queued before and is queued after is alike by then.
    """

    def __init__(self, machine: Machine, guest: str, other: str, address: str) -> None:
        self.machine, self.guest, self.other, self.address = machine, guest, other, address

    def mbit(self, options: str = "") -> float:
        """What arrives, in Mbit/s of data (and of little more: a header for many segments)."""
        with flowing(self.machine, self.guest, f"{self.address} {options}"):
            return arriving(self.machine, self.guest if "-R" in options else self.other)

    def run(self, options: str = "", seconds: float = 1.5) -> dict[str, Any]:
        """What iperf3 itself says."""
        client = f"iperf3 -J -c {self.address} -t {seconds} {options}"
        # A server that has not yet noticed the end of the client before refuses this one.
        script = f'for n in $(seq 100); do said=$({client}) && break; sleep 0.1; done; echo "$said"'
        said: dict[str, Any] = json.loads(self.machine.ok(self.guest, script))
        return said


def serving(machine: Machine, guest: str, port: int = 5201) -> contextlib.AbstractContextManager[None]:
    """iperf3 in a guest, which waits for loads."""
    return machine.server(guest, f"exec iperf3 -s -p {port}", port)


@contextlib.contextmanager
def flowing(machine: Machine, guest: str, words: str) -> Iterator[None]:
    """A load of a minute from a guest, once it has flowed for as long as it takes to find its rate.

    A server that has not yet noticed the end of the client before refuses this one, which asks again.
    """
    machine.ok(guest, "rm -f /root/flow")
    client = f"iperf3 -c {words} -t 60 -i {WARM_UP_SECONDS} --forceflush"
    with machine.background(guest, f"until {client} > /root/flow; do sleep 0.1; done"):
        machine.until(lambda: machine.exec(guest, "grep -q bits/sec /root/flow")[0] == 0, "the load")
        yield


def arriving(machine: Machine, guest: str) -> float:
    """What a guest receives, in Mbit/s."""
    script = f"{SNAPSHOT} sleep {SECONDS}; {SNAPSHOT}"
    before, first, after, last = map(float, machine.ok(guest, f"bash -c '{script}'").split())
    return (last - first) * 8 / (after - before) / MBIT


def carries(wanted: float, measure: Callable[[], float]) -> float:
    """Check that a measured rate is the wanted one, within what a limit is exact to; gives the ratio."""
    found = []
    for _ in range(ATTEMPTS):
        found.append(measure() / wanted)
        assert found[-1] < NEVER, found
        if LOW <= found[-1] <= HIGH:
            return found[-1]
    raise AssertionError(f"{found} of {wanted:.1f} Mbit/s")


def data(mbit: float, transport: Transport = "tcp", mtu: int = 9001) -> float:
    """The data in what a limit lets through."""
    return mbit * share(transport, mtu)


def measured(machine: Machine) -> dict[str, Any]:
    """What the agent says has passed."""
    machine.facts.clear()
    number = time.monotonic_ns() & 0xFFFFFFFF
    machine.engine.sendall(msgspec.json.encode(Measure(number)) + b"\n")
    return machine.wait(lambda fact: fact["type"] == "measured" and fact["number"] == number, "Measured")
