"""`elastinet reset`."""

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json


def reset(port: Port = None, state: State = None, json: Json = False) -> None:
    """Forget everything: every account and region is as new, and all namespaces are gone."""
    server = find_server(port, state)
    told = ask(server, "POST", "/_elastinet/reset")
    if json:
        print_json(told)
    else:
        print(f"{server.url} is as new" if told["status"] == "ok" else told["status"])
