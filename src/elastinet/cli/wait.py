"""`elastinet wait`."""

from typing import Annotated

import typer

from elastinet.cli.common import Json, Port, State, find_server, print_json
from elastinet.cli.waiting import settle


def wait(
    timeout: Annotated[float, typer.Option(help="For so many seconds at the most.", min=0, max=86400)] = 60,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Wait until packets go by what the API was told; exit code 1 if that takes too long, or fails."""
    server = find_server(port, state)
    settle(server, timeout, "settling …")
    if json:
        print_json({"settled": True})
    else:
        print("settled")
