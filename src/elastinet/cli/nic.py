"""`elastinet nic`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import CommandFailure, Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain

Instance = Annotated[str, typer.Argument(help="An instance's id or Name tag.")]


Stats = Annotated[bool, typer.Option("--stats", help="Show what the interfaces have counted instead.")]


def nic(
    instance: Instance, stats: Stats = False, port: Port = None, state: State = None, json: Json = False
) -> None:
    """Show the devices of an instance's interfaces: driver, card and function, on which host; or counters."""
    page = "traffic" if stats else "nic"
    told = ask(find_server(port, state), "GET", f"/_elastinet/{page}?instance={quote(instance)}")
    if stats:
        _show_counters(told["instances"][0], json)
    elif json:
        print_json(told)
    else:
        _show(Console(), plain(told))


def _show_counters(told: dict[str, Any], json: bool) -> None:
    """Print the counters of each interface in the form of `ethtool -S`."""
    if json:
        print_json({name: told[name] for name in ("instance", "type", "state", "interfaces")})
        return
    for one in told["interfaces"]:
        if one["counters"] is None:
            why = "no packets are carried" if told["state"] == "running" else f"it is {told['state']}"
            raise CommandFailure(f"nothing is counted of {told['instance']}: {why}")
        print(f"{one['device']} ({one['interface']})")
        print("\n".join(f"     {name}: {count}" for name, count in one["counters"].items()))


def _show(console: Console, told: dict[str, Any]) -> None:
    console.print(f"{told['instance']} ({told['type']}, {told['state']}) on {told['host'] or 'no host'}")
    table = Table("interface", "device", "driver", "card", "function", "bus-info", box=None, pad_edge=False)
    for one in told["interfaces"]:
        card = "" if one["card"] is None else str(one["card"])
        function = "shared PF" if one["mediated"] and card else one["function"] or ""
        table.add_row(one["interface"], one["device"] or "", one["driver"], card, function, one["bus_info"])
    console.print(table)
