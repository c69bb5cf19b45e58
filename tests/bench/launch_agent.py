"""What it costs the agent to launch 100 instances, and to change one rule among 1,000 interfaces.

Run as `python tests/bench/launch_agent.py`.
"""

import os
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

from path import crowd, world  # noqa: E402

from elastinet.fabric.contract.objects import (  # noqa: E402
    AnyObject,
    BandwidthLimits,
    GroupRule,
    Guest,
    Interface,
)
from elastinet.rules.allowances import Allowance  # noqa: E402
from machine import Machine  # noqa: E402
from parts import ALL, eni, group, guest  # noqa: E402

Row = tuple[str, float, str]
MANY, EDITS = 100, 9
MBIT = 10**6
LIMITS = {
    "a t3.micro": (Allowance(64 * MBIT, 5000 * MBIT, 48_000 * MBIT), 5000 * MBIT),
    "a c5.large": (Allowance(750 * MBIT, 10000 * MBIT, 10**13), 5000 * MBIT),
}
"""Share, and what goes through an internet gateway; all have 5 Gbit/s for a flow."""
GAP = 2


def processor_seconds(pid: int) -> float:
    """The processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_bytes() -> int:
    """What the machine could still give to a process."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) * 1024


def agents(machine: Machine) -> list[int]:
    """The agent and its spawner."""
    agent = machine.agent_pid()
    return [agent, int(Path(f"/proc/{agent}/task/{agent}/children").read_text().split()[0])]


def chosen(number: int) -> list[AnyObject]:
    """The network and the first of the crowd's instances."""
    things = [item for item in crowd() if isinstance(item, Guest | Interface)]
    return [*(item for item in [*world(), *crowd()] if not isinstance(item, Guest | Interface)),
            *things[: 2 * number]]  # fmt: skip


def limited(guest: str, kind: str) -> BandwidthLimits:
    """What an instance of a type may send and receive."""
    share, gateway_bps = LIMITS[kind]
    return BandwidthLimits(guest, ("vpc-1",), "1", share, 5000 * MBIT, gateway_bps)


def with_limits(kind: str) -> Row:
    """The agent's work for instances of a type whose limits this machine could reach."""
    machine = Machine("root" if os.geteuid() == 0 else "rootless")
    try:
        objects = chosen(MANY)
        base = [item for item in objects if not isinstance(item, Guest | Interface)]
        guests = [item for item in objects if isinstance(item, Guest | Interface)]
        limits = [limited(item.id, kind) for item in guests if isinstance(item, Guest)]
        machine.boot(*base)
        used = sum(map(processor_seconds, agents(machine)))
        machine.boot(*guests, *limits)
        spent = sum(map(processor_seconds, agents(machine))) - used
        return (
            f"{MANY} instances with limits of {kind}: agent and spawner CPU, ms each",
            spent / MANY * 1000,
            "<= 15",
        )
    finally:
        machine.close()


def launch(machine: Machine) -> list[Row]:
    """From Desire to the last Running."""
    objects = chosen(MANY)
    machine.boot(*(item for item in objects if not isinstance(item, Guest | Interface)))
    guests = [item for item in objects if isinstance(item, Guest | Interface)]
    used, free, began = sum(map(processor_seconds, agents(machine))), free_bytes(), time.monotonic()
    machine.boot(*guests)
    wall = time.monotonic() - began
    spent = sum(map(processor_seconds, agents(machine))) - used
    return [
        (f"{MANY} instances: seconds from Desire to all Running", wall, "<= 2.5"),
        (f"{MANY} instances: agent and spawner CPU, ms each", spent / MANY * 1000, "<= 10"),
        (f"{MANY} instances: memory, MB each", (free - free_bytes()) / MANY / 1e6, "<= 1.5"),
    ]


def edit(machine: Machine, label: str) -> Row:
    """From Desire to Converged for one more rule in a group; the median."""
    times = []
    for number in range(EDITS):
        began = time.monotonic()
        machine.desire(group(ALL, GroupRule(6, number, number, "192.0.2.0/24")))
        times.append(time.monotonic() - began)
    return f"a rule's change {label}, ms", sorted(times)[EDITS // 2] * 1000, "<= 50"


def move(machine: Machine) -> Row:
    """What a steady stream of packets misses while its target moves from guest to guest; the median."""
    machine.boot(guest(1), eni(1, "10.0.1.10"))
    machine.boot(
        guest(3),
        eni(3, "10.0.2.30"),
        guest(4),
        eni(4, "10.0.2.40"),
        eni(9, "10.0.2.90", guest="i-3", device="eth1"),
    )
    gaps = [gap(machine, f"i-{4 - number % 2}", number) for number in range(EDITS)]
    return "an interface's move: ms without traffic", sorted(gaps)[EDITS // 2], "<= 50"


def gap(machine: Machine, target: str, number: int) -> int:
    """The milliseconds of a stream that one move costs."""
    out = machine.disks / "i-1" / "root" / "root" / "stream"
    machine.ok("i-1", "rm -f /root/stream")
    with machine.background("i-1", f"exec ping -i {GAP / 1000} -w 2 10.0.2.90 > /root/stream 2>&1"):
        machine.until(lambda: out.exists() and "icmp_seq" in out.read_text(), "the stream")
        machine.desire(eni(9, "10.0.2.90", guest=target, device="eth1", attachment=f"attach-{number}"))
        machine.until(lambda: "packets transmitted" in out.read_text(), "the end of the stream")
    sent, _, rest = out.read_text().partition(" packets transmitted, ")
    return (int(sent.split()[-1]) - int(rest.split()[0])) * GAP


def measure(large: bool = False) -> list[Row]:
    """Rows of name, value and target."""
    machine = Machine("root" if os.geteuid() == 0 else "rootless")
    try:
        rows = [*launch(machine), edit(machine, f"among {MANY} interfaces"), move(machine)]
        if large:
            there = set(chosen(MANY))
            began = time.monotonic()
            machine.boot(*(item for item in chosen(1000) if item not in there))
            rows.append(("900 more: seconds from Desire to all Running", time.monotonic() - began, "<= 15"))
            rows.append(edit(machine, "among 1000 interfaces"))
        return [*rows, *map(with_limits, LIMITS)]
    finally:
        machine.close()


if __name__ == "__main__":
    for name, value, target in measure("--large" in sys.argv):
        print(f"{name:60} {value:8.2f}  {target}")
