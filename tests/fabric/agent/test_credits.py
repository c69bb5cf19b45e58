"""Network I/O credits as real traffic spends them and silence earns them."""

import time
from typing import Any

import pytest

from loads import MBIT, Load, arriving, bursting, carries, data, limits, measured, serving
from machine import Machine
from parts import guest, things

pytestmark = pytest.mark.parametrize("running", ["rootless"], indirect=True)
BASELINE, PEAK, BURST = 20, 100, 3.0


def level(machine: Machine, direction: str = "out", instance: str = "i-1") -> float:
    """What is left of a bucket, of what it holds."""
    left: float = measured(machine)[direction][instance]["level_bits"]
    return left / ((PEAK - BASELINE) * MBIT * BURST)


def earned_since(began: float) -> float:
    """What silence earns, of what a bucket holds."""
    return (time.monotonic() - began) * BASELINE / ((PEAK - BASELINE) * BURST)


def limit(machine: Machine, direction: str = "out") -> Any:
    return measured(machine)[direction]["i-1"]["bps"] / MBIT


def test_the_peak_lasts_as_long_as_the_credits(machine: Machine) -> None:
    """The moment of the change is measured against the sender's own begin, within five in a hundred."""
    ratios = []
    machine.boot(*things(1, 2), limits(2, 400))
    for since in ("1", "2", "3", "4"):
        machine.desire(bursting(1, BASELINE, PEAK, BURST, since=since))
        with serving(machine, "i-2"), machine.background("i-1", "iperf3 -c 10.0.1.20 -t 60"):
            ratios.append(_spent_after(machine) / BURST)
            carries(data(BASELINE), lambda: arriving(machine, "i-2"))
        assert ratios[-1] >= 0.95, "more was let through than there was"
        if ratios[-1] <= 1.05:
            return
    raise AssertionError(ratios)


def _spent_after(machine: Machine) -> float:
    """How long the peak lasts from the moment at which the bucket is first seen to lose."""
    while (left := level(machine)) > 0.97:
        time.sleep(0.01)
    began = time.monotonic() - (1 - left) * BURST
    carries(data(PEAK), lambda: arriving(machine, "i-2"))
    while limit(machine) == PEAK:
        time.sleep(0.02)
    return time.monotonic() - began


DATAGRAMS = """
import socket, time
outs = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(8)]
while True:
    for out in outs:
        out.sendto(bytes(1400), ("10.0.1.20", 9))
"""


def test_what_waits_is_not_earned_again(machine: Machine) -> None:
    """Sockets that fill the queue in gusts leave it at the baseline: no gust's end is silence."""
    machine.boot(*things(1, 2), bursting(1, BASELINE // 4, PEAK, 0.1), limits(2, 400))
    with machine.background("i-1", f"python3 -c '{DATAGRAMS}'"):
        machine.until(lambda: limit(machine) == BASELINE // 4, "the end of the credits")
        for _ in range(3):
            assert arriving(machine, "i-2") <= BASELINE / 4 * 1.02


def test_each_direction_has_a_bucket_of_its_own_and_silence_fills_it(machine: Machine) -> None:
    machine.boot(*things(1, 2), bursting(1, BASELINE, PEAK, BURST), limits(2, 400))
    with serving(machine, "i-2"):
        Load(machine, "i-1", "i-2", "10.0.1.20").run("-R", 2)
        began = time.monotonic()
        low, other = level(machine, "into"), level(machine, "out")
        assert low < 0.6
        assert other > 0.99
        machine.until(lambda: level(machine, "into") > low + 0.1, "what silence earns")
        assert level(machine, "into") - low <= earned_since(began) + 0.01


def test_buckets_are_full_after_a_start_and_not_after_a_reboot(machine: Machine) -> None:
    machine.boot(*things(1, 2), bursting(1, BASELINE, PEAK, BURST), limits(2, 400))
    with serving(machine, "i-2"):
        Load(machine, "i-1", "i-2", "10.0.1.20").run("", 2)
    began, before = time.monotonic(), level(machine)
    assert before < 0.6
    machine.boot(guest(1, boot=2))
    now = level(machine)
    assert before < now <= before + earned_since(began) + 0.01
    machine.desire(bursting(1, BASELINE, PEAK, BURST, since="2"))
    assert level(machine) > 0.99


def test_an_instance_that_is_gone_has_no_bucket(machine: Machine) -> None:
    machine.boot(*things(1, 2), bursting(1, BASELINE, PEAK, BURST), limits(2, 400))
    machine.desire(drop=("guest:i-1", "interface:eni-1", "bandwidth:i-1"))
    told = measured(machine)
    assert "i-1" not in told["out"]
    assert told["out"]["i-2"]["bps"] == 400 * MBIT
