"""A whole server with the kernel fabric: how long it takes to be ready, to run an instance, to be as new."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.endpoint import Endpoint

Row = tuple[str, float, str]
ROUNDS = 5
PROGRAM = str(Path(sys.executable).with_name("elastinet"))


def run(*words: str) -> str:
    """What a verb of the command line prints."""
    return subprocess.run([PROGRAM, *words], check=True, capture_output=True, text=True).stdout


def seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def launch(at: Endpoint, count: int) -> None:
    """Launch instances and wait until they run."""
    at.call("RunInstances", ImageId=at.image, InstanceType="t3.micro", MinCount=count, MaxCount=count)
    at.send(b"", "/_elastinet/settle?timeout=60")


def one_round() -> dict[str, float]:
    """A server's life: start, a few instances, reset, stop."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        told = json.loads(run("start", "--port", "0", "--state", folder, "--json"))
        taken = {"from start to healthy": time.perf_counter() - began}
        at = Endpoint(told["url"])
        at.furnish()
        taken["from RunInstances of 1 to running"] = seconds(lambda: launch(at, 1))
        taken["from RunInstances of 10 to running"] = seconds(lambda: launch(at, 10))
        taken["to reset 11 instances"] = seconds(lambda: at.send(b"", "/_elastinet/reset"))
        at.close()
        taken["to stop"] = seconds(lambda: run("stop", "--state", folder))
        return taken


TARGETS = {
    "from start to healthy": "<= 3",
    "from RunInstances of 1 to running": "<= 1",
    "from RunInstances of 10 to running": "<= 2",
    "to reset 11 instances": "<= 1",
    "to stop": "<= 2",
}


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    rounds = [one_round() for _ in range(ROUNDS)]
    for name, target in TARGETS.items():
        yield f"fabric kernel: seconds {name}", statistics.median(one[name] for one in rounds), target


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}")
