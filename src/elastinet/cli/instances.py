"""`elastinet instances`."""

from typing import Annotated
from urllib.parse import urlencode

import typer

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.tables import GAP, table
from elastinet.cli.terminal import line_of

COLUMNS = ("name", "id", "state", "private", "public", "zone", "type")


def instances(
    account: Annotated[str, typer.Option(metavar="ID", help="Only this account's.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Terminated ones, too.")] = False,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """List the instances of all accounts: name, id, state, addresses, zone, type."""
    server = find_server(port, state)
    query = urlencode({"account": account} | ({"all": "true"} if all_ else {}))
    found = ask(server, "GET", f"/_elastinet/inventory?{query}")["instances"]
    if json:
        print_json({"instances": found})
        return
    several = len({one["account"] for one in found}) > 1
    columns = (*COLUMNS, "account") if several else COLUMNS
    rows = [[_cell(one[column]) for column in columns] for one in found]
    for cells in table([columns, *rows], wrap=False):
        print(GAP.join(cells).rstrip())


def _cell(value: str | list[str]) -> str:
    return line_of(value if isinstance(value, str) else ",".join(value)) or "-"
