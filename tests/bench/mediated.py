"""An enhanced interface's path and a mediated one's, both beside a bare veth pair in one run. Needs root.

Run as `python tests/bench/mediated.py`. CPU is that of the thread that holds both ends and of the relays; a
thread's own includes what the kernel does for it on its core.
"""

import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[folder]) for folder in (0, 1)]
sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

from path import Row, bare, namespace, world  # noqa: E402

from machine import Machine  # noqa: E402
from parts import eni, guest  # noqa: E402
from relays import relays  # noqa: E402
from wire import PACKETS, PINGS, End, compare, datagrams, packet_seconds, round_trip_seconds, stream_seconds  # noqa: E402
from wire import Path as Wire  # noqa: E402

RUNS = 5


def spread(path: Wire) -> float:
    """The 99th percentile of a round trip's time, over the median."""
    source, target = datagrams(path)
    with source, target:
        times = sorted(_round_trip(source, target) for _ in range(PINGS))
    return times[len(times) * 99 // 100] / statistics.median(times)


def _round_trip(source: socket.socket, target: socket.socket) -> float:
    began = time.perf_counter()
    for sender, receiver in ((source, target), (target, source)):
        sender.send(b"question")
        receiver.recv(64)
    return time.perf_counter() - began


def processor_seconds(path: Wire, helpers: list[int]) -> float:
    """The CPU time of one 64-byte datagram: this thread's and that of the processes that help."""
    ours, theirs = time.thread_time(), _spent(helpers)
    for _ in range(RUNS):
        packet_seconds(path)
    return (time.thread_time() - ours + _spent(helpers) - theirs) / (RUNS * PACKETS)


def _spent(processes: list[int]) -> float:
    """The CPU seconds that processes have used so far."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in processes) / 1e9


def measure() -> Iterator[Row]:
    """Rows of name, value and target; both paths have every rule of the plain path's rows."""
    machine, reference = Machine("root"), bare()
    try:
        machine.boot(*world(), guest(3), eni(3, "10.0.1.30", mediated=True))
        machine.boot(guest(4), eni(4, "10.0.1.40", mediated=True))
        enhanced, mediated = (
            tuple(End(namespace(machine, f"i-{n}"), f"10.0.1.{n}0") for n in pair)
            for pair in ((1, 2), (3, 4))
        )
        helpers = relays(machine.process.pid)
        for name, work, target, inverse in (
            ("64-byte UDP packets a second", packet_seconds, "<= 0.9", True),
            ("TCP bytes", stream_seconds, "<= 0.9", True),
            ("round trip", round_trip_seconds, ">= 1.1", False),
            (
                "CPU per packet, the relays' too",
                lambda path: processor_seconds(path, helpers),
                ">= 1.1",
                False,
            ),
            ("p99/p50 of the round trip", spread, ">= 0.5", False),
        ):
            plain, fast, slow = compare((reference, enhanced, mediated), work)
            for label, value in (("enhanced", fast), ("mediated", slow)):
                yield f"{name}, {label} / bare veth", plain / value if inverse else value / plain, ">= 0"
            yield f"{name}, mediated / enhanced", fast / slow if inverse else slow / fast, target
    finally:
        machine.close()


if __name__ == "__main__":
    for label, number, wanted in measure():
        print(f"{label:70} {number:6.2f}  {wanted}")
