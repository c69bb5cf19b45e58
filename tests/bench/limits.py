"""What limits cost that do not bind, how exact those are that do, and how soon they change. Needs root.

Run as `python tests/bench/limits.py`. Rates are ratios to the configured limit in the same run.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

from path import Row, namespace, world  # noqa: E402

from elastinet.fabric.contract.objects import GroupRule  # noqa: E402
from elastinet.rules.allowances import Allowance  # noqa: E402
from loads import MBIT, Load, arriving, bursting, data, flowing, limits, measured, serving  # noqa: E402
from machine import Machine  # noqa: E402
from parts import (  # noqa: E402
    eni,
    group,
    guest,
    things,
)
from vpcs import between, side  # noqa: E402
from wire import End, compare, packet_seconds, round_trip_seconds  # noqa: E402

GIGA = 1000 * MBIT
TIMES = 9
BURST_SECONDS = 4.0


def unbound(machine: Machine) -> Iterator[Row]:
    """Two instances of a 10 Gbit/s type beside two without limits, in one interleaved run."""
    share = Allowance(750 * MBIT, 10 * GIGA, 10**13)
    kinds = [limits(n, 0, allowance=share, flow_bps=5 * GIGA, gateway_bps=5 * GIGA) for n in (3, 4)]
    others = [item for n in (3, 4) for item in (guest(n), eni(n, f"10.0.1.{n}0"))]
    machine.boot(*world(), *others, *kinds)
    pairs = [
        tuple(End(namespace(machine, f"i-{n}"), f"10.0.1.{n}0") for n in pair) for pair in ((1, 2), (3, 4))
    ]
    plain, limited = compare(pairs, packet_seconds)
    yield "64-byte UDP packets, limits that do not bind / none", plain / limited, ">= 0.85"
    plain, limited = compare(pairs, round_trip_seconds)
    yield "round trip, limits that do not bind / none", limited / plain, "<= 1.3"


def exact(machine: Machine) -> Iterator[Row]:
    """What arrives, over what was predicted."""
    second = eni(11, "10.0.1.11", guest="i-1", device="eth1")
    machine.boot(*things(1, 2), second, limits(1, 400, flow_bps=100 * MBIT), limits(2, 2000))
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-11")
    machine.exec("i-1", "ip route add 10.0.1.20/32 dev eth1 table 101; ip rule add from 10.0.1.11 table 101")
    load = Load(machine, "i-1", "i-2", "10.0.1.20")
    ratios = []
    with serving(machine, "i-2"), serving(machine, "i-2", 5202):
        for flows, mbit in ((1, 100), (2, 200), (3, 300), (4, 400), (8, 400)):
            ratios.append((f"{flows} flows", load.mbit(f"-P {flows}") / data(mbit)))
        ratios.append(("4 flows the other way", load.mbit("-P 4 -R") / data(400)))
        with flowing(machine, "i-1", "10.0.1.20 -p 5202 -B 10.0.1.11 -P 2"):
            ratios.append(("4 flows over 2 interfaces", load.mbit("-P 2") / data(400)))
        with flowing(machine, "i-1", "10.0.1.20 -P 4 --bidir"):
            for one, way in (("i-2", "out"), ("i-1", "in")):
                ratios.append((f"4 flows in both directions, {way}", arriving(machine, one) / data(400)))
        sent = load.run("-P 8", 3)["end"]["sum_sent"]
    for name, ratio in ratios:
        yield f"measured / predicted, {name}", ratio, ">= 0.97"
    yield "measured / predicted, the largest of these", max(ratio for _, ratio in ratios), "<= 1.01"
    yield "segments sent again, in a thousand", sent["retransmits"] * 8949e3 / sent["bytes"], "<= 1"


def between_regions(machine: Machine) -> Iterator[Row]:
    """Two instances that share what goes between regions."""
    every = (GroupRule(6, 1, 65535, "0.0.0.0/0"),)
    routes = {1: ("10.2.0.0/16", "pcx-21"), 2: ("10.1.0.0/16", "pcx-21")}
    sides = [item for n in (1, 2) for item in side(n, routes[n])]
    third = eni(3, "10.1.1.30", network="vpc-1", subnet="10.1.1.0/24", gateway="10.1.1.1", groups=("sg-1",))
    letting = [group(*every, id=f"sg-{n}", network=f"vpc-{n}") for n in (1, 2)]
    over = between(2, 1, mtu=8500, bandwidth_bps=200 * MBIT)
    machine.boot(*sides, *letting, over, guest(3), third)
    load = Load(machine, "i-3", "i-2", "10.2.1.10 -p 5202")
    servers = serving(machine, "i-2"), serving(machine, "i-2", 5202)
    with servers[0], servers[1], flowing(machine, "i-1", "10.2.1.10"):
        yield "two instances share a region's limit", load.mbit() / data(200, mtu=8500), ">= 0.97"


def switch(machine: Machine) -> Iterator[Row]:
    """How long the peak really lasts, over what the bucket is good for."""
    machine.boot(*things(1, 2), limits(2, 2000), bursting(1, 50, 400, BURST_SECONDS))
    bucket = measured(machine)["out"]["i-1"]["level_bits"]
    with serving(machine, "i-2"), machine.background("i-1", "iperf3 -c 10.0.1.20 -t 60"):
        while (left := measured(machine)["out"]["i-1"]["level_bits"] / bucket) > 0.97:
            time.sleep(0.01)
        began = time.monotonic() - (1 - left) * BURST_SECONDS
        while measured(machine)["out"]["i-1"]["bps"] == 400 * MBIT:
            time.sleep(0.01)
        lasted = (time.monotonic() - began) / BURST_SECONDS
        yield "the peak lasts, measured / predicted: away from 1 by", abs(lasted - 1), "<= 0.05"
        time.sleep(0.3)
        yield "measured / predicted, the baseline afterwards", arriving(machine, "i-2") / data(50), ">= 0.97"


def change(machine: Machine) -> Iterator[Row]:
    """From Desire to Converged for one instance's other limit; the median."""
    machine.boot(*things(1, 2), limits(1, 400, flow_bps=100 * MBIT))
    times = []
    for number in range(TIMES):
        began = time.monotonic()
        machine.desire(limits(1, 300 + number, flow_bps=100 * MBIT))
        times.append(time.monotonic() - began)
    yield "another limit reaches the kernel, ms", sorted(times)[TIMES // 2] * 1000, "<= 50"


def multipath() -> Iterator[Row]:
    """MPTCP by subflows, through a server and the command line, as a user measures it."""
    sys.path[:0] = [str(Path(__file__).parents[1] / "support")]
    import tempfile

    from world import World

    with tempfile.TemporaryDirectory(prefix="elastinet-bench-") as folder:
        server = World(Path(folder) / "state", "--bandwidth-scale", "0.02")
        try:
            vpc = server.vpc()
            server.allow(vpc.group, "-1")
            one, other = server.launch(vpc.left, vpc.group, 2, InstanceType="c5n.18xlarge")

            def bps(*words: str) -> float:
                told = server.cli("perf", one.id, other.id, "--duration", "3", "--json", *words)
                return float(json.loads(told.stdout)["measured_bps"])

            single = bps()
            for subflows, wanted in ((2, ">= 1.9"), (4, ">= 3.7")):
                yield (
                    f"MPTCP, {subflows} subflows / one flow",
                    bps("--mptcp", "--flows", str(subflows)) / single,
                    wanted,
                )
        finally:
            server.stop()


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    for part in (unbound, exact, between_regions, switch, change):
        machine = Machine("root")
        try:
            yield from part(machine)
        finally:
            machine.close()
    yield from multipath()


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:70} {value:8.3f}  {target}", flush=True)
