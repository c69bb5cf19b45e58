"""`elastinet credits`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.measure import figures
from elastinet.cli.terminal import plain

Instance = Annotated[str, typer.Argument(help="An instance's id or Name tag.")]


def credits(instance: Instance, port: Port = None, state: State = None, json: Json = False) -> None:
    """Show an instance's network I/O credits: level, rate, when they will be gone or full again."""
    path = f"/_elastinet/credits?instance={quote(instance)}"
    told = ask(find_server(port, state), "GET", path, refused=2)
    if json:
        print_json(told)
    else:
        _show(Console(), plain(told))


def _show(console: Console, told: dict[str, Any]) -> None:
    peak, baseline = figures.rate(told["peak_bps"]), figures.rate(told["baseline_bps"])
    console.print(f"{told['instance']} ({told['type']}, {told['state']}): {baseline}, {peak} with credits")
    if not told["credit_bits"]:
        console.print("This type has no network I/O credits: its peak is its baseline.")
        return
    if not told["directions"]:
        console.print("An instance that does not run has no credits; it starts with all of them.")
        return
    table = Table("direction", "level", "rate", "empty in", "full in", box=None, pad_edge=False)
    for direction, one in told["directions"].items():
        level = one["level_bits"] / told["credit_bits"]
        times = (_when(one[name]) for name in ("seconds_to_empty", "seconds_to_full"))
        table.add_row(direction, f"{level:.1%}", figures.rate(one["bps"]), *times)
    console.print(table)
    if told["time_scale"] != 1:
        console.print(f"Credits run {told['time_scale']:g} times as fast as EC2's.")


def _when(seconds: float | None) -> str:
    return "never" if seconds is None else figures.time(seconds)
