"""`elastinet env`."""

from typing import Annotated

import typer

from elastinet.cli.common import Json, Port, State, find_server, print_json
from elastinet.cli.environment import variables

AllServices = Annotated[bool, typer.Option("--all-services", help="Point the clients of all services here.")]


def env(
    port: Port = None, state: State = None, json: Json = False, all_services: AllServices = False
) -> None:
    """Print the exports that point AWS clients here: eval "$(elastinet env)".

    Only the services that elastinet has something of, so that it stands beside other endpoints.
    """
    server = find_server(port, state)
    values = variables(server, all_services=all_services)
    if json:
        print_json(values)
    else:
        for name, value in values.items():
            print(f"export {name}={value}")
