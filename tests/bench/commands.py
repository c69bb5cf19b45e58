"""The command line: the processor time of commands that do little, and of a server's start."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.endpoint import Endpoint, Row

PROGRAM = str(Path(sys.executable).with_name("elastinet"))
TIMES = 9


def used() -> float:
    """The processor seconds of all our children that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def run(*words: str) -> tuple[float, str]:
    """The processor seconds of a command, and what it says."""
    before = used()
    told = subprocess.run([PROGRAM, *words], check=True, stdout=subprocess.PIPE, text=True).stdout
    return used() - before, told


def several(*words: str) -> float:
    """The median processor seconds of a command."""
    return statistics.median(run(*words)[0] for _ in range(TIMES))


def started(folder: str) -> tuple[float, float, Endpoint]:
    """The processor seconds of `elastinet start` and of its server, once that rests; and the server."""
    seconds, told = run("start", "--port", "0", "--fabric", "none", "--state", folder, "--json")
    supervisor = json.loads(told)["pid"]
    (engine,) = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    ends = [Endpoint(json.loads(told)["url"], pid) for pid in (supervisor, int(engine))]
    time.sleep(1)
    return seconds, sum(at.cpu_ms for at in ends) / 1000, ends[0]


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with tempfile.TemporaryDirectory() as folder:
        taken = []
        try:
            for number in range(5):
                if number:
                    run("stop", "--state", folder)
                command, server, at = started(folder)
                taken.append((command, server))
            for verb in ("--version", "env", "status"):
                words = [verb] if verb.startswith("-") else [verb, "--port", at.netloc.rpartition(":")[2]]
                yield f"elastinet {verb}; seconds of processor time", several(*words), "<= 0.12"
        finally:
            run("stop", "--state", folder)
    command, server = (statistics.median(one) for one in zip(*taken, strict=True))
    yield "elastinet start --fabric none, the command; seconds of processor time", command, "<= 0.25"
    yield "elastinet start --fabric none, its server; seconds of processor time", server, "<= 0.6"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
