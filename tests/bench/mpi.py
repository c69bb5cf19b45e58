"""MPI over instances: how soon it is there, and what going past the kernel brings. Needs Open MPI.

Run as `python tests/bench/mpi.py`.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from world import World  # noqa: E402

Row = tuple[str, float, str]
COMPILER = "mpicc.openmpi"
HOSTS, TIMES = 8, 3


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    with tempfile.TemporaryDirectory(prefix="elastinet-bench-") as folder:
        server = World(Path(folder) / "state")
        try:
            yield from _measured(server)
        finally:
            server.stop()


def _measured(server: World) -> Iterator[Row]:
    vpc = server.vpc_for_efa()
    card = {"DeviceIndex": 0, "SubnetId": vpc.left, "Groups": [vpc.group], "InterfaceType": "efa"}
    made = server.launch("", "", HOSTS, InstanceType="c5n.18xlarge", NetworkInterfaces=[card])
    names = [instance.id for instance in made]
    for by in ("efa", "tcp"):
        yield f"8 ranks over 8 instances by {by}, from command to end, s", _seconds(server, names, by), "<= 3"
    told = json.loads(server.cli("mpirun", "--hosts", ",".join(names[:2]), "--bench", "--json").stdout)
    better = {(row["measurement"], row["bytes"]): row["efa_is_better"] for row in told}
    yield "latency of 64 bytes, TCP / EFA", better["latency", 64], ">= 5"
    yield "bandwidth of 1 MiB, EFA / TCP", better["bandwidth", 1 << 20], ">= 4"


def _seconds(server: World, names: list[str], by: str) -> float:
    """The median time of an MPI program of no length: init, a barrier, finalize."""
    times = []
    words = ("--hosts", ",".join(names), "--transport", by, "--", str(_program()))
    for _ in range(TIMES):
        began = time.monotonic()
        server.cli("mpirun", *words)
        times.append(time.monotonic() - began)
    return median(times)


def _program() -> Path:
    text = "#include <mpi.h>\nint main(void) { MPI_Init(0, 0); MPI_Barrier(MPI_COMM_WORLD); return MPI_Finalize(); }\n"
    made = Path(tempfile.gettempdir()) / "elastinet-bench-mpi"
    subprocess.run([COMPILER, "-x", "c", "-", "-o", made], input=text, text=True, check=True)
    return made


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:70} {value:8.3f}  {target}", flush=True)
