"""`elastinet env`."""

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json


def env(port: Port = None, state: State = None, json: Json = False) -> None:
    """Print the exports that point AWS clients here: eval "$(elastinet env)"."""
    server = find_server(port, state)
    if server.unix_socket:
        raise CommandFailure(
            "this server listens on a path, which AWS clients cannot call; curl --unix-socket can"
        )
    values = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "elastinet",
        "AWS_SECRET_ACCESS_KEY": "elastinet",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ELASTINET_PORT": str(server.port),
    }
    if server.ca:
        values["AWS_CA_BUNDLE"] = server.ca
    if json:
        print_json(values)
    else:
        for name, value in values.items():
            print(f"export {name}={value}")
