"""MPI measured past the kernel and over TCP: latency, bandwidth and a sum over all ranks, by size."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from elastinet.cli.common import CommandFailure
from elastinet.cli.mpi import build, program
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.launch import Launch
from elastinet.cli.mpi.transport import Transport
from elastinet.digits import decimal, whole


class Measurement(NamedTuple):
    """A program of ours: what it prints for each size, and whether more of it is better."""

    name: str
    unit: str
    more_is_better: bool
    all_hosts: bool = False


MEASUREMENTS = (
    Measurement("latency", "µs", False),
    Measurement("bandwidth", "MB/s", True),
    Measurement("allreduce", "µs", False, all_hosts=True),
)


def measured(
    run: Path, hosts: Sequence[Host], ports: tuple[int, int], by: Sequence[Transport]
) -> list[dict[str, Any]]:
    """All measurements by some transports, one row for each size; raises CommandFailure.

    Latency and bandwidth are between the first two hosts. `efa_is_better` is how many times.
    """
    rows = []
    for one in MEASUREMENTS:
        on = hosts if one.all_hosts else hosts[:2]
        found = {transport: _figures(Launch(run, on, transport, ports), one.name) for transport in by}
        for size in found[by[0]]:
            figures: dict[str, float] = {transport: found[transport][size] for transport in by}
            head: dict[str, Any] = {
                "measurement": one.name,
                "unit": one.unit,
                "ranks": len(on),
                "bytes": size,
            }
            rows.append({**head, **figures, "efa_is_better": _times_better(one, figures)})
    return rows


def _times_better(one: Measurement, figures: dict[str, float]) -> float | None:
    if len(figures) < 2:
        return None
    ratio = figures["efa"] / figures["tcp"]
    return ratio if one.more_is_better else 1 / ratio


def _figures(launch: Launch, name: str) -> dict[int, float]:
    """Run a measurement: its figure for each message size; raises CommandFailure."""
    ready = program.found(str(build.built(name)), launch.folder)
    with tempfile.TemporaryFile("w+") as said, open(os.devnull, "rb") as null:
        status = launch.execute(ready, (), {}, (null.fileno(), said.fileno(), 2))
        if status:
            raise CommandFailure(f"the measurement of {name} has ended with {status}")
        said.seek(0)
        words = [line.split() for line in said]
    try:
        return {_size(size): _figure(figure) for size, figure in words}
    except ValueError as error:
        raise CommandFailure(f"the measurement of {name} has said what is no figure") from error


def _size(text: str) -> int:
    if (number := whole(text, 0, 1 << 40)) is None:
        raise ValueError(text)
    return number


def _figure(text: str) -> float:
    if (number := decimal(text)) is None:
        raise ValueError(text)
    return number


def show(console: Console, rows: Sequence[dict[str, Any]], by: Sequence[Transport]) -> None:
    """One table of all rows."""
    table = Table("", "bytes", *(name.upper() for name in by), "EFA is better", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        head = f"{row['measurement']}, {row['ranks']} ranks, {row['unit']}"
        ratio = "" if row["efa_is_better"] is None else f"{row['efa_is_better']:.1f} times"
        table.add_row(head, f"{row['bytes']:,}", *(f"{row[name]:,.1f}" for name in by), ratio)
    console.print(table)
