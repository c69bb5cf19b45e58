"""`elastinet instances`."""

from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import printable

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
    for line in _table([dict(zip(columns, columns, strict=True)), *found], columns):
        print(line)


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    """Rows under one another, as wide as they are: a narrow terminal breaks no address."""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def _cell(value: str | list[str]) -> str:
    text = value if isinstance(value, str) else ",".join(value)
    return printable(text).replace("\n", "\\n").replace("\t", "\\t") or "-"
