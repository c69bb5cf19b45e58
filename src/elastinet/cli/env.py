"""`elastinet env`."""

from typing import Annotated

import typer

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json
from elastinet.wire.service import SERVICES

AllServices = Annotated[bool, typer.Option("--all-services", help="Point the clients of all services here.")]


def env(
    port: Port = None, state: State = None, json: Json = False, all_services: AllServices = False
) -> None:
    """Print the exports that point AWS clients here: eval "$(elastinet env)".

    Only the services that elastinet has something of, so that it stands beside other endpoints.
    """
    server = find_server(port, state)
    if server.unix_socket:
        raise CommandFailure(
            "this server listens on a path, which AWS clients cannot call; curl --unix-socket can"
        )
    some = [f"AWS_ENDPOINT_URL_{service.upper()}" for service in sorted(SERVICES)]
    values = {
        **dict.fromkeys(["AWS_ENDPOINT_URL"] if all_services else some, server.url),
        "AWS_ACCESS_KEY_ID": "elastinet",
        "AWS_SECRET_ACCESS_KEY": "elastinet",
        "AWS_DEFAULT_REGION": server.region,
        "ELASTINET_PORT": str(server.port),
    }
    if server.ca:
        values["AWS_CA_BUNDLE"] = server.ca
    if json:
        print_json(values)
    else:
        for name, value in values.items():
            print(f"export {name}={value}")
