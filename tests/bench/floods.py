"""A guest that floods the metadata service and a client that floods the API, and what others wait meanwhile.

The flood holds 1,005 connections on which nothing is asked and as many with half a request, opens up to 2,000 a
second anew for those that are closed, and sends 40 MB of small headers and a header of 100 MB, over and over.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from bench.endpoint import Endpoint, Row, encode
from bench.fabric import PROGRAM, launch, run
from bench.metadata import all_ask

CALLS, PAUSE_SECONDS, INSTANCES = 400, 0.01, 8
FLOOD = """
import socket, sys, threading, time
at = sys.argv[1], int(sys.argv[2])
BEGUN = b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n"
held = []

def connect(first):
    made = socket.create_connection(at, timeout=5)
    made.sendall(first)
    return made

def hold(first, count):
    while True:
        time.sleep(0.001)
        try:
            held.append(connect(first))
        except OSError:
            pass
        del held[:-count]

def pour(first, again, size):
    while True:
        try:
            with connect(first) as made:
                for _ in range(size // len(again)):
                    made.sendall(again)
        except OSError:
            pass

floods = [(hold, b"", 1005), (hold, BEGUN, 1005), (pour, BEGUN, b"X-A: b\\r\\n" * 8192, 40 << 20),
          (pour, BEGUN + b"X-A: ", b"a" * 65536, 100 << 20)]
for what, *words in floods:
    threading.Thread(target=what, args=words, daemon=True).start()
print("flooding", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def flooding(*command: str) -> Iterator[None]:
    """A flood while the block lasts."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(1)  # of the flood alone, before anything is measured
        yield
        process.communicate()


def api(at: Endpoint) -> float:
    """What 99 of 100 calls, each over a connection of its own, stay below, in milliseconds."""
    taken = []
    for _ in range(CALLS):
        time.sleep(PAUSE_SECONDS)
        at.close()
        began = time.perf_counter()
        at.send(encode("DescribeVpcs"))
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.quantiles(taken, n=100)[98]


def metadata(folder: str, instances: list[str]) -> float:
    """The same of the metadata service, as instances find it."""
    taken, _ = all_ask(folder, instances)
    return taken[len(taken) * 99 // 100]


def measure() -> Iterator[Row]:
    """Rows of name, value and target; floods and clients are on the same processors."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.loads(run("start", "--port", "0", "--state", folder, "--json"))
        at = Endpoint(told["url"])
        at.furnish()
        launch(at, INSTANCES + 1)
        found = [element.text or "" for element in at.call("DescribeInstances").iter("instanceId")]
        guest, others = found[0], found[1:]
        inside = (
            PROGRAM,
            "exec",
            "--state",
            folder,
            guest,
            "--",
            "python3",
            "-c",
            FLOOD,
            "169.254.169.254",
            "80",
        )
        outside = (sys.executable, "-c", FLOOD, *at.netloc.split(":"))
        yield "API: ms that 99 of 100 calls stay below, without any flood", api(at), "<= 50"
        with flooding(*inside):
            yield "API: ms that 99 of 100 calls stay below, a guest floods", api(at), "<= 50"
            yield "metadata: ms that 99 of 100 stay below, a guest floods", metadata(folder, others), "<= 50"
        with flooding(*outside):
            yield "API: ms that 99 of 100 calls stay below, a client floods", api(at), "<= 50"
            yield "metadata: ms that 99 of 100 stay below, a client floods", metadata(folder, others), "<= 50"
        at.close()
        run("stop", "--state", folder)


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
