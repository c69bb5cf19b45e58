"""elastinet measured: `make bench`. What needs the kernel fabric is left out where it cannot be."""

import os
import shutil
from collections.abc import Iterable, Iterator

from elastinet.fabric.agent import launch

Row = tuple[str, float, str]


def sections() -> Iterator[tuple[str, Iterable[Row]]]:
    """The parts of the report, each measured when its turn comes."""
    from bench import account, api, clients, commands, facts, placement, prediction, reachability

    yield "The API beside moto's server", api.measure()
    yield "The API by boto3", clients.measure()
    yield "What the fabric reports", facts.measure()
    yield "A large account", account.measure()
    yield "The command line", commands.measure()
    yield "Placement", placement.measure()
    yield "Predictions", prediction.measure()
    yield "What reaches what", reachability.measure()
    if why := lacking():
        print(f"\nThe kernel fabric is not measured here: {why}")
        return
    from bench import (
        bypass,
        fabric,
        floods,
        forwarding,
        launch_agent,
        limits,
        mediated,
        metadata,
        moving,
        mpi,
        path,
        running,
    )

    yield "A server with the kernel fabric", fabric.measure()
    yield "Commands in an instance", running.measure()
    yield "The metadata service", metadata.measure()
    yield "Floods", floods.measure()
    yield "An interface that moves", moving.measure()
    yield "The path of a packet, as a ratio to a bare veth pair", path.measure()
    yield "Enhanced networking and the mediated path, side by side", mediated.measure()
    yield "Limits of bandwidth", limits.measure()
    yield "EFA past the kernel", bypass.measure()
    if shutil.which(forwarding.PROGRAM):
        yield "A middlebox that forwards by DPDK and by its kernel", forwarding.measure()
    else:
        print(
            f"\nDPDK is not measured here: no {forwarding.PROGRAM}, which is in Debian's package {forwarding.PACKAGE}"
        )
    if shutil.which(mpi.COMPILER):
        yield "MPI over instances", mpi.measure()
    else:
        print(f"\nMPI is not measured here: no {mpi.COMPILER}, which is in Debian's package libopenmpi-dev")
    yield "The fabric agent", launch_agent.measure()


def lacking() -> str:
    """Why the kernel fabric cannot be measured, if so."""
    if os.geteuid() != 0:
        return "holding sockets in two instances needs root"
    return "; ".join(f"{feature}: {reason}" for feature, reason in launch.check().items())


def met(value: float, target: str) -> bool:
    """Whether a value is on the right side of a target such as ">= 5"."""
    sign, bound = target.split()
    return value >= float(bound) if sign == ">=" else value <= float(bound)


def show(rows: Iterable[Row]) -> None:
    """Print rows as they come."""
    for name, value, target in rows:
        verdict = "" if met(value, target) else "  MISSED"
        print(f"  {name:84} {value:8.2f}  {target:>8}{verdict}", flush=True)


if __name__ == "__main__":
    for title, rows in sections():
        print(f"\n{title}", flush=True)
        show(rows)
