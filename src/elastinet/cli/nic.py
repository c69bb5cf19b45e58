"""`elastinet nic`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json

Instance = Annotated[str, typer.Argument(help="An instance's id or Name tag.")]


def nic(instance: Instance, port: Port = None, state: State = None, json: Json = False) -> None:
    """Show the devices of an instance's interfaces: driver, card and function, on which host."""
    told = ask(find_server(port, state), "GET", f"/_elastinet/nic?instance={quote(instance)}")
    if json:
        print_json(told)
    else:
        _show(Console(), told)


def _show(console: Console, told: dict[str, Any]) -> None:
    console.print(f"{told['instance']} ({told['type']}, {told['state']}) on {told['host'] or 'no host'}")
    table = Table("interface", "device", "driver", "card", "function", "bus-info", box=None, pad_edge=False)
    for one in told["interfaces"]:
        card = "" if one["card"] is None else str(one["card"])
        function = "shared PF" if one["mediated"] and card else one["function"] or ""
        table.add_row(one["interface"], one["device"], one["driver"], card, function, one["bus_info"])
    console.print(table)
