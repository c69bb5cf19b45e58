"""A middlebox's forwarding: by DPDK and by its kernel, in one interleaved run. Needs root, and dpdk-testpmd.

Run as `python tests/bench/forwarding.py`. One round is one start of DPDK, and the same afterwards without it. CPU
is that of the sending and the receiving thread, of the kernel's threads for packets, and of DPDK's process.
"""

import contextlib
import ctypes
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

import msgspec  # noqa: E402
from path import Row, namespace  # noqa: E402

from elastinet.cli.dpdk import command, cores  # noqa: E402
from elastinet.fabric.contract import client  # noqa: E402
from elastinet.fabric.contract.names import ROUTER_MAC  # noqa: E402
from elastinet.fabric.contract.objects import AnyObject, NetworkSubnet  # noqa: E402
from elastinet.fabric.kernel.relay import RECEIVE_BUFFER_FORCE  # noqa: E402
from machine import Machine  # noqa: E402
from parts import ALL, eni, group, guest, network, table  # noqa: E402
from wire import BATCH, WAIT_FOR_ONE, Batch, End, datagrams  # noqa: E402
from wire import Path as Wire  # noqa: E402

PROGRAM, PACKAGE = command.TESTPMD, command.PACKAGE
ROUNDS, SECONDS, PINGS = 5, 1.0, 2000
BUSY, LEAST = 0.9, 0.01
"""From this share of a core on it is full; below that one nobody is worth a word."""
BOX, BETWEEN = "i-3", NetworkSubnet("subnet-3", "10.0.3.0/24", "10.0.3.1")
FORWARD = """
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
sysctl -qw net.ipv4.conf.eth1.rp_filter=0 net.ipv4.conf.eth2.rp_filter=0
ip route add 10.0.1.0/24 via 10.0.3.1 dev eth1; ip route add 10.0.2.0/24 via 10.0.3.1 dev eth2
"""
OWN = ("--forward-mode=mac", f"--eth-peer=0,{ROUTER_MAC}", f"--eth-peer=1,{ROUTER_MAC}", "--auto-start")
_libc = ctypes.CDLL(None, use_errno=True)


class Use(NamedTuple):
    """The shares of a core that some tasks had, and for which they waited while others had it."""

    had: float
    waited: float


@dataclass
class Flood:
    """What one second of as many 64-byte packets as possible came to: packets a second, and who used what."""

    rate: float
    uses: dict[str, Use]

    @property
    def cores(self) -> float:
        return sum(use.had for use in self.uses.values())

    @property
    def wanted(self) -> float:
        return sum(use.had + use.waited for use in self.uses.values())


def world() -> list[AnyObject]:
    """Two instances in two subnets, and a middlebox that all between them goes through."""
    plain = network()
    made: list[AnyObject] = [msgspec.structs.replace(plain, subnets=(*plain.subnets, BETWEEN)), group(ALL)]
    made += [table(("10.0.2.0/24", "eni-31"), id="rtb-1"), table(("10.0.1.0/24", "eni-32"), id="rtb-2")]
    made += [table(id="rtb-3"), guest(1), guest(2), guest(3)]
    made += [eni(1, "10.0.1.10"), eni(2, "10.0.2.10", table="rtb-2")]
    place = {
        "guest": BOX,
        "table": "rtb-3",
        "subnet": BETWEEN.cidr,
        "gateway": BETWEEN.gateway,
        "check": False,
    }
    return made + [eni(30 + n, f"10.0.3.3{n}", device=f"eth{n}", **place) for n in range(3)]


@contextlib.contextmanager
def dpdk(machine: Machine, room: int | None) -> Iterator[int]:
    """DPDK forwards while the block lasts; gives its process."""
    links, on = ("eth1", "eth2"), cores.chosen(None, sorted(os.sched_getaffinity(0)))
    argv = command.line(command.asked(("testpmd", "--", *OWN)), links, 9001, on, room)
    out, into = os.pipe()
    null = os.open(os.devnull, os.O_WRONLY)
    bind = {"eni-31": 9001, "eni-32": 9001}
    options = {"bind": bind, "stdin": out, "stdout": null, "stderr": null}
    thread = threading.Thread(target=client.run, args=(machine.run, BOX, argv), kwargs=options)
    thread.start()
    try:
        taken = "elastinet_eth[12]"  # from then on the kernel forwards no more
        machine.ok(BOX, f"until [ $(nft list tables | grep -c '{taken}') = 6 ]; do sleep 0.05; done")
        machine.ok("i-1", "ping -c1 -w10 -i0.2 10.0.2.10")
        yield process(machine)
    finally:
        os.close(into)
        thread.join()
        os.close(out)
        os.close(null)


def process(machine: Machine) -> int:
    """The process of DPDK's program, seen from here."""
    where = machine.ok(BOX, "readlink /proc/self/ns/net").strip()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            named = (entry / "comm").read_text().startswith("dpdk-testpmd")
            if named and os.readlink(entry / "ns/net") == where:
                return int(entry.name)
    raise LookupError("DPDK's process")


def program_tasks(pid: int) -> list[Path]:
    """The threads of a process; none if there is no process."""
    return list(Path(f"/proc/{pid}/task").iterdir()) if pid else []


def kernel_tasks() -> list[Path]:
    """The kernel's threads that handle packets where there are too many for those who sent them."""
    return [comm.parent for comm in Path("/proc").glob("[0-9]*/comm") if _said(comm).startswith("ksoftirqd")]


def _said(file: Path) -> str:
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return ""


def used(tasks: list[Path]) -> Use:
    """The seconds that some tasks have run so far, and have waited to."""
    figures = [[int(word) for word in (task / "schedstat").read_text().split()[:2]] for task in tasks]
    return Use(*(sum(column) / 1e9 for column in zip((0, 0), *figures, strict=True)))


def over(seconds: float, groups: dict[str, list[Path]]) -> dict[str, Use]:
    """What some groups of tasks use for a while, a second."""
    before = {name: used(tasks) for name, tasks in groups.items()}
    began = time.perf_counter()
    time.sleep(seconds)
    wall = time.perf_counter() - began
    after = {name: used(tasks) for name, tasks in groups.items()}
    return {
        name: Use(*((late - early) / wall for late, early in zip(after[name], before[name], strict=True)))
        for name in groups
    }


def flood(path: Wire, pid: int) -> Flood:
    """Send as many packets as possible for a while, and count those that arrive."""
    source, target = datagrams(path)
    counts = {"sender": 0, "receiver": 0}
    enough = threading.Event()

    def run(name: str, call: str, descriptor: int, *rest: object) -> None:
        batch, function = Batch(64), getattr(_libc, call)
        while not enough.is_set():
            counts[name] += max(function(descriptor, batch.messages, BATCH, *rest), 0)

    with source, target:
        target.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, 8 << 20)
        threads = {
            "sender": threading.Thread(target=run, args=("sender", "sendmmsg", source.fileno(), 0)),
            "receiver": threading.Thread(
                target=run, args=("receiver", "recvmmsg", target.fileno(), WAIT_FOR_ONE, None)
            ),
        }
        for thread in threads.values():
            thread.start()
        groups = {name: [Path(f"/proc/self/task/{thread.native_id}")] for name, thread in threads.items()}
        groups |= {"kernel": kernel_tasks(), "DPDK": program_tasks(pid)}
        before, began = counts["receiver"], time.perf_counter()
        uses = over(SECONDS, groups)
        rate = (counts["receiver"] - before) / (time.perf_counter() - began)
        enough.set()
        for thread in threads.values():
            thread.join()
    return Flood(rate, uses)


def round_trips(path: Wire) -> list[float]:
    """How long small questions and answers take, in order."""
    source, target = datagrams(path)
    with source, target:
        return sorted(_round_trip(source, target) for _ in range(PINGS))


def _round_trip(source: socket.socket, target: socket.socket) -> float:
    began = time.perf_counter()
    for sender, receiver in ((source, target), (target, source)):
        sender.send(b"question")
        receiver.recv(64)
    return time.perf_counter() - began


class Way:
    """What one way of forwarding came to over all rounds."""

    def __init__(self) -> None:
        self.floods: list[Flood] = []
        self.trips: list[list[float]] = []

    def measure(self, path: Wire, pid: int = 0) -> None:
        self.trips.append(round_trips(path))
        self.floods.append(flood(path, pid))

    def median(self, figure: Callable[[Flood], float]) -> float:
        return statistics.median(figure(one) for one in self.floods)

    def names(self) -> list[str]:
        return [name for name in self.floods[0].uses if self.use(name) >= LEAST]

    def use(self, name: str) -> float:
        return self.median(lambda one: one.uses[name].had)

    def trip(self, percent: int) -> float:
        return statistics.median(times[len(times) * percent // 100] for times in self.trips)


def held_back(way: Way) -> str:
    """What there was no more of."""
    count, wanted = len(os.sched_getaffinity(0)), way.median(lambda one: one.wanted)
    if wanted >= BUSY * count:
        return f"{wanted:.1f} of {count} processors were wanted"
    found = [name for name in way.names() if way.use(name) >= BUSY]
    return f"a processor was full: {', '.join(found)}" if found else "no processor was full"


def compared(ours: Way, kernel: Way) -> Iterator[Row]:
    """The rows that set DPDK beside the kernel."""
    rate = ours.median(lambda one: one.rate) / kernel.median(lambda one: one.rate)
    cpu = [way.median(lambda one: one.cores / one.rate) for way in (ours, kernel)]
    yield "packets a second, DPDK / kernel", rate, ">= 0"
    yield "round trip, DPDK / kernel", ours.trip(50) / kernel.trip(50), ">= 0"
    for name, way in (("DPDK", ours), ("kernel", kernel)):
        yield f"p99/p50 of the round trip, {name}", way.trip(99) / way.trip(50), ">= 0"
    yield "CPU per packet in the flood, DPDK / kernel", cpu[0] / cpu[1], ">= 0"
    for name, way in (("DPDK", ours), ("kernel", kernel)):
        shares = ", ".join(f"{who} {way.use(who):.2f}" for who in way.names())
        yield f"cores, {name} ({shares}); {held_back(way)}", way.median(lambda one: one.cores), ">= 0"


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    machine = Machine("root")
    try:
        room = machine.wait(lambda fact: fact["type"] == "hello")["lockable_bytes"]
        machine.boot(*world())
        machine.ok(BOX, FORWARD)
        path = (End(namespace(machine, "i-1"), "10.0.1.10"), End(namespace(machine, "i-2"), "10.0.2.10"))
        ours, kernel, resting = Way(), Way(), []
        for _ in range(ROUNDS):
            with dpdk(machine, room) as pid:
                resting.append(over(SECONDS / 4, {"DPDK": program_tasks(pid)})["DPDK"].had)
                ours.measure(path, pid)
            kernel.measure(path)
        yield from compared(ours, kernel)
        yield "cores with nothing to forward, DPDK (the kernel: none)", statistics.median(resting), ">= 0"
    finally:
        machine.close()


if __name__ == "__main__":
    for name, value, wanted in measure():
        print(f"{name:110} {value:6.2f}  {wanted}", flush=True)
