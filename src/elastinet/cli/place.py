"""`elastinet place`: would it fit?"""

from enum import Enum
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.console import Console

from elastinet.cli.common import CommandFailure, Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain


class Strategy(Enum):
    """Strategies of placement groups, and "none" for no group."""

    none = "none"
    cluster = "cluster"
    spread = "spread"
    partition = "partition"


def place(
    type: Annotated[str, typer.Option(help="The instance type.")],
    count: Annotated[int, typer.Option(help="How many.", min=1)] = 1,
    strategy: Annotated[Strategy, typer.Option(help="As in a group of this strategy.")] = Strategy.none,
    group: Annotated[
        str | None, typer.Option(help="A placement group, by name or id, with those who are in it.")
    ] = None,
    zone: Annotated[str, typer.Option(help="A zone, by name or id.")] = "us-east-1a",
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Say where a launch would be, without launching it; exit code 1 if there is too little room."""
    if group is not None and strategy is not Strategy.none:
        raise CommandFailure("--group has a strategy of its own: leave --strategy out", 2)
    asked = {"type": type, "count": count, "strategy": strategy.value, "zone": zone, "group": group or ""}
    query = urlencode(asked)
    told = ask(find_server(port, state), "GET", f"/_elastinet/place?{query}")
    if json:
        print_json(told)
    else:
        told = plain(told)
        where = ", ".join(f"{rack} ({number})" for rack, number in told["racks"].items())
        Console().print(f"{told['zone']}: {told['hosts']} hosts on {len(told['racks'])} racks: {where}")
    if not told["fits"]:
        raise CommandFailure(f"it does not fit: {told['short']}")
