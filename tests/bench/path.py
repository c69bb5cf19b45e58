"""What the fabric's path costs, as a ratio to a bare veth pair. Needs root, to hold sockets in two guests.

Run as `python tests/bench/path.py`; `--large` adds 1,000 instances and 10,000 rules around the same path.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

from elastinet.fabric.contract.objects import (  # noqa: E402
    AnyObject,
    GroupRule,
    Guest,
    Interface,
    Mapping,
    Network,
    NetworkSubnet,
)
from elastinet.fabric.kernel.worker import Worker  # noqa: E402
from machine import Machine  # noqa: E402
from parts import ALL, eni, group, guest, network, table  # noqa: E402
from wire import End, compare, packet_seconds, round_trip_seconds, stream_seconds  # noqa: E402

Row = tuple[str, float, str]
MANY, RULES_EACH, GROUPS, STEP = 1000, 100, 100, 200


def bare() -> tuple[End, End]:
    """Two namespaces with nothing but a veth pair between them."""
    ends = []
    for address in ("192.0.2.1", "192.0.2.2"):
        worker = Worker("bare", None)
        ends.append((worker, worker.call(lambda: os.open("/proc/thread-self/ns/net", os.O_RDONLY)), address))
    (one, _, first), (two, other, second) = ends

    def ip(text: str) -> None:
        subprocess.run(["ip", *text.split()], check=True, pass_fds=(other,))

    one.call(
        lambda: ip(f"link add one mtu 9001 type veth peer name two netns /proc/self/fd/{other} mtu 9001")
    )
    for worker, name, address in ((one, "one", first), (two, "two", second)):
        worker.call(lambda name=name, address=address: ip(f"addr add {address}/24 dev {name}"))
        worker.call(lambda name=name: ip(f"link set {name} up"))
    return End(ends[0][1], first), End(other, second)


def namespace(machine: Machine, guest: str) -> int:
    """A descriptor of a guest's network namespace, seen from the host."""
    name = machine.ok(guest, "readlink /proc/self/ns/net").strip()
    for entry in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            if os.readlink(entry) == name:
                return os.open(entry, os.O_RDONLY)
        except OSError:
            continue
    raise LookupError(f"no process in {name}")


def world() -> list[AnyObject]:
    """Two instances in one subnet with every feature on."""
    mapping = Mapping("203.0.113.101", "vpc-1", "10.0.1.10")
    rules = (GroupRule(6, 1, 65535, "10.0.0.0/16"), GroupRule(17, 1, 65535, "10.0.0.0/16"))
    things = [network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(*rules, egress=(*rules, ALL)), mapping]
    return [*things, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20")]


def crowd() -> list[AnyObject]:
    """Many more instances and rules in the same VPC."""
    subnet = NetworkSubnet("subnet-3", "10.0.64.0/18", "10.0.64.1")
    plain = network(igw="igw-1")
    wide = Network("vpc-1", plain.cidrs, (*plain.subnets, subnet), "igw-1", plain.dns, plain.domain)
    things: list[AnyObject] = [wide]
    for number in range(GROUPS):
        rules = (GroupRule(6, 1 + port, 1 + port, f"10.{number}.{port}.0/24") for port in range(RULES_EACH))
        things.append(group(*rules, id=f"sg-{100 + number}"))
    for number in range(MANY):
        address, mac = (
            f"10.0.{65 + number // 250}.{number % 250 + 2}",
            f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}",
        )
        things.append(Guest(f"i-{1000 + number}", f"host-{number}", 1))
        things.append(
            Interface(f"eni-{1000 + number}", "vpc-1", f"i-{1000 + number}", "attach-1", "eth0", mac, subnet.cidr,
                      subnet.gateway, (address,), "rtb-1", (f"sg-{100 + number % GROUPS}",), True)
        )  # fmt: skip
    return things


def fill(machine: Machine, things: list[AnyObject]) -> None:
    """Have many objects, some at a time: a test's patience is for one step."""
    things = sorted(things, key=lambda item: isinstance(item, Guest | Interface))
    plain = [item for item in things if not isinstance(item, Guest | Interface)]
    machine.boot(*plain)
    for start in range(len(plain), len(things), STEP):
        machine.boot(*things[start : start + STEP])


def ratios(machine: Machine, reference: tuple[End, End], label: str) -> list[Row]:
    """The three ratios of a path to the bare one."""
    path = (End(namespace(machine, "i-1"), "10.0.1.10"), End(namespace(machine, "i-2"), "10.0.1.20"))
    rows: list[Row] = []
    for name, measure, target, inverse in (
        ("64-byte UDP packets", packet_seconds, ">= 0.55", True),
        ("TCP bytes", stream_seconds, ">= 0.60", True),
        ("round trip", round_trip_seconds, "<= 2.0", False),
    ):
        plain, ours = compare((reference, path), measure)
        rows.append((f"{name}, {label}", plain / ours if inverse else ours / plain, target))
    return rows


def measure(large: bool = False) -> list[Row]:
    """Rows of name, value and target."""
    machine, reference = Machine("root"), bare()
    try:
        machine.boot(*world())
        rows = ratios(machine, reference, "2 ENIs")
        machine.desire(group(ALL))
        rows += ratios(machine, reference, "2 ENIs, rules for everybody: untracked")
        if large:
            fill(machine, crowd())
            rows += ratios(machine, reference, f"{MANY + 2} ENIs, {GROUPS * RULES_EACH} rules")
        return rows
    finally:
        machine.close()


if __name__ == "__main__":
    for name, value, target in measure("--large" in sys.argv):
        print(f"{name:60} {value:6.2f}  {target}")
