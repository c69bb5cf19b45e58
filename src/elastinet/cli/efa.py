"""`elastinet efa`."""

from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import CommandFailure, Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain

app = typer.Typer(no_args_is_help=True, help="Show which instances go past the kernel by EFA.")

Instances = Annotated[list[str], typer.Argument(help="Two or more instances' ids or Name tags.")]


@app.command()
def check(instances: Instances, port: Port = None, state: State = None, json: Json = False) -> None:
    """Say whether every two of these instances use EFA's bypass, or which condition fails: then they use TCP.

    The exit code is 0 if all of them do, and 1 if some use TCP.
    """
    if len(instances) < 2:
        raise CommandFailure("name two instances or more", 2)
    told = _asked(port, state, instances)
    if json:
        print_json(told)
    else:
        _show_pairs(Console(soft_wrap=True), plain(told["pairs"]))
    if any(pair["transport"] != "efa" for pair in told["pairs"]):
        raise typer.Exit(1)


@app.command("list")
def list_(port: Port = None, state: State = None, json: Json = False) -> None:
    """List the running instances that have an EFA, and whose memory they share past the kernel."""
    told = _asked(port, state, [])
    if json:
        print_json(told["instances"])
        return
    table = Table("instance", "name", "type", "EFAs", "memory", box=None, pad_edge=False)
    for one in plain(told["instances"]):
        memory = one["memory"] or "its own"
        table.add_row(one["instance"], one["name"] or "", one["type"], ", ".join(one["efas"]), memory)
    Console(soft_wrap=True).print(table)


def _asked(port: int | None, state: str | None, instances: list[str]) -> Any:
    words = urlencode([("instance", name) for name in instances])
    return ask(find_server(port, state), "GET", f"/_elastinet/efa?{words}", refused=2)


def _show_pairs(console: Console, pairs: list[dict[str, Any]]) -> None:
    """All conditions of a pair; of several pairs the first that fails."""
    for pair in pairs:
        faults = [one["fault"] for one in pair["conditions"] if one["fault"]]
        why = "past the kernel" if not faults else f"TCP, for {faults[0]}"
        console.print(f"{' and '.join(pair['instances'])}: {pair['transport']} ({why})", highlight=False)
    if len(pairs) == 1:
        table = Table("condition", "holds", "", box=None, pad_edge=False)
        for one in pairs[0]["conditions"]:
            table.add_row(one["name"], "no" if one["fault"] else "yes", one["fault"] or "")
        console.print(table)
