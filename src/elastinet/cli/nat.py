"""`elastinet nat`."""

from typing import Annotated
from urllib.parse import quote

import typer

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain

FIGURES = ("ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount")
Gateway = Annotated[str, typer.Argument(help="A NAT gateway's id; all if none is given.")]


def nat(gateway: Gateway = "", port: Port = None, state: State = None, json: Json = False) -> None:
    """Show what NAT gateways have counted, by CloudWatch's names."""
    told = ask(find_server(port, state), "GET", f"/_elastinet/nat?id={quote(gateway)}")
    if json:
        print_json(told)
        return
    for one in plain(told)["nat_gateways"]:
        print(f"{one['nat_gateway']} in {one['vpc']} ({one['state']})")
        print("\n".join(f"     {name}: {'-' if one[name] is None else one[name]}" for name in FIGURES))
