"""MPI jobs that tests run, and what is left of them in instances."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from elastinet.fabric.contract import client
from elastinet.serve import places
from world import ELASTINET, World

MESSAGES = r"""
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
static char bytes[1 << 20];
int main(int argc, char **argv) {
    int rank, ranks, sum, left = -1;
    MPI_Win window;
    char host[64];
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    gethostname(host, sizeof host);
    do {
        MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        MPI_Bcast(bytes, sizeof bytes, MPI_CHAR, 0, MPI_COMM_WORLD);
        if (argc > 1 && !rank) {
            puts("busy");
            fflush(stdout);
        }
    } while (argc > 1);
    MPI_Win_create(&left, sizeof left, sizeof left, MPI_INFO_NULL, MPI_COMM_WORLD, &window);
    MPI_Win_fence(0, window);
    MPI_Put(&rank, 1, MPI_INT, (rank + 1) % ranks, 0, 1, MPI_INT, window);
    MPI_Win_fence(0, window);
    MPI_Win_free(&window);
    printf("%s %d %d %d %d\n", host, rank, ranks, sum, left);
    return MPI_Finalize();
}
"""
TCP = ("--transport", "tcp")
LEFT = "ls -d /tmp/* /dev/shm/* 2>/dev/null; ps axo args | grep -E '[o]rted|[p]rte|[m]pirun|[m]essages|[r]sh'"


def built(folder: Path) -> str:
    """A program whose ranks tell of themselves, after one round of messages or never."""
    (folder / "messages.c").write_text(MESSAGES)
    subprocess.run(["mpicc.openmpi", "-O2", "-o", "messages", "messages.c"], cwd=folder, check=True)
    return str(folder / "messages")


def card(subnet: str, group: str, kind: str, index: int = 0) -> dict[str, Any]:
    return {"DeviceIndex": index, "SubnetId": subnet, "Groups": [group], "InterfaceType": kind}


def launch(world: World, vpc: Any, count: int = 1, kind: str = "efa", group: str = "") -> list[Any]:
    cards = [card(vpc.left, group or vpc.group, kind)]
    return world.launch("", "", count, InstanceType="c5n.18xlarge", NetworkInterfaces=cards)


def command(world: World, hosts: list[Any], *words: str) -> list[str]:
    names = ",".join(host if isinstance(host, str) else host.id for host in hosts)
    return [ELASTINET, "mpirun", "--port", str(world.port), "--hosts", names, *words]


def mpirun(world: World, hosts: list[Any], *words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    given = {"capture_output": True, "text": True, "check": False, "timeout": 60} | more
    return subprocess.run(command(world, hosts, *words), **given)


def refused(done: "subprocess.CompletedProcess[str]", *parts: str) -> None:
    assert (done.returncode, done.stdout) == (2, ""), done
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("elastinet: ")
    for part in parts:
        assert part in line


def left(world: World, hosts: list[Any]) -> str:
    """The files and processes that a job has left in instances, one a line."""
    return "".join(inside(world, host, LEFT) for host in hosts)


def inside(world: World, host: Any, script: str) -> str:
    """What a script prints in an instance, without a process of the command line for it."""
    with tempfile.TemporaryFile() as said:
        client.run(places.runtime_folder(world.port), host.id, ["sh", "-c", script], stdout=said.fileno())
        said.seek(0)
        return said.read().decode()


class Running:
    """An MPI job that never ends by itself, with its ranks already busy."""

    def __init__(self, world: World, hosts: list[Any], messages: str, by: str) -> None:
        line = command(world, hosts, "--transport", by, "--", messages, "forever")
        self.process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "busy\n"

    def end(self) -> tuple[int, str]:
        """The exit code and what was said."""
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said
