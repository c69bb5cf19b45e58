"""What it costs to run a command in an instance: its start, and its pipes.

Run as `python tests/bench/running.py`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parent)]

from machine import Machine  # noqa: E402
from parts import ALL, eni, group, guest, network, table  # noqa: E402

Row = tuple[str, float, str]
STARTS, MEGABYTES = 41, 2000
BLOCK = bytes(1 << 20)


def started(words: list[str]) -> float:
    """The median of the seconds that a program takes that does nothing."""
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run(words, stdin=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return sorted(times)[STARTS // 2]


def speed(move: Callable[[], None]) -> float:
    """Megabytes a second; the best of three, for the machine does other work, too."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        move()
        times.append(time.perf_counter() - began)
    return MEGABYTES / min(times)


def out(words: list[str]) -> None:
    """Have the instance say much."""
    source = ["sh", "-c", f"head -c {MEGABYTES}M /dev/zero"]
    with subprocess.Popen([*words, *source], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        room = bytearray(len(BLOCK))
        while os.readv(process.stdout.fileno(), [room]):
            pass


def into(words: list[str]) -> None:
    """Tell the instance much."""
    with subprocess.Popen([*words, "sh", "-c", "cat >/dev/null"], stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for _ in range(MEGABYTES):
            process.stdin.write(BLOCK)


def measure() -> list[Row]:
    """Rows of name, value and target."""
    machine = Machine("root" if os.geteuid() == 0 else "rootless")
    try:
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        words = [sys.executable, "-m", "elastinet.fabric.contract.client", str(machine.run), "i-1"]
        bare = started([sys.executable, "-c", "pass"])
        return [
            (
                "a command's start, beside that of an empty Python program",
                started([*words, "true"]) / bare,
                "<= 4.5",
            ),
            ("out of a command through a pipe, MB a second", speed(lambda: out(words)), ">= 500"),
            ("into a command through a pipe, MB a second", speed(lambda: into(words)), ">= 500"),
        ]
    finally:
        machine.close()


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:70} {value:8.2f}  {target}")
