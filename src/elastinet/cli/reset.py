"""`elastinet reset`."""

from typing import Annotated
from urllib.parse import urlencode

import typer

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json


def reset(
    account: Annotated[str, typer.Option(metavar="ID", help="Only this account, by its 12 digits.")] = "",
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Forget everything: every account and region is as new, and all namespaces are gone."""
    server = find_server(port, state)
    query = f"?{urlencode({'account': account})}" if account else ""
    told = ask(server, "POST", f"/_elastinet/reset{query}", refused=2)
    if json:
        print_json(told)
    elif told["status"] == "ok":
        print(f"account {account} at {server.url} is as new" if account else f"{server.url} is as new")
    else:
        print(told["status"])
