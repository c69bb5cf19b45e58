"""`elastinet nat`."""

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain

FIGURES = ("ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount")
Gateway = Annotated[str, typer.Argument(help="A NAT gateway's id; all if none is given.")]


def nat(gateway: Gateway = "", port: Port = None, state: State = None, json: Json = False) -> None:
    """Show what NAT gateways have counted, by CloudWatch's names."""
    told = ask(find_server(port, state), "GET", f"/_elastinet/nat?id={quote(gateway)}")
    if json:
        print_json(told)
    else:
        _show(Console(), plain(told))


def _show(console: Console, told: dict[str, Any]) -> None:
    table = Table("NAT gateway", "VPC", "state", *FIGURES, box=None, pad_edge=False)
    for one in told["nat_gateways"]:
        figures = ("-" if one[name] is None else str(one[name]) for name in FIGURES)
        table.add_row(one["nat_gateway"], one["vpc"], one["state"], *figures)
    console.print(table)
