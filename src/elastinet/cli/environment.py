"""The variables that lead AWS clients to a server."""

import os

from elastinet.cli.common import CommandFailure
from elastinet.serve.places import Server
from elastinet.wire.service import SERVICES

OF_OTHERS = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "ELASTINET_STATE",
)
"""Variables that would lead a program past the server."""


def variables(server: Server, *, all_services: bool = False) -> dict[str, str]:
    """What points AWS clients here; raises CommandFailure where none could call."""
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
    return values | ({"AWS_CA_BUNDLE": server.ca} if server.ca else {})


def of_tools(server: Server) -> dict[str, str]:
    """The environment of a program that is run against a server."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    own = variables(server) | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}
    return kept | own | {"AWS_REGION": server.region}
