"""`elastinet status`."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.tables import GAP, painted, table
from elastinet.cli.terminal import line_of
from elastinet.serve.places import Server

COLOURS = {"enforced": "green", "modelled": "yellow", "recorded": "cyan", "absent": "red"}


def status(
    instance: Annotated[str | None, typer.Argument(help="An instance's id or Name tag: of it alone.")] = None,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Show what is running, and what is enforced, modelled or only recorded; or how an instance is."""
    server = find_server(port, state)
    if instance is not None:
        from elastinet.cli import of_instance  # which draws with rich

        of_instance.show(server, instance, json=json)
        return
    told = ask(server, "GET", "/_elastinet/status")
    if json:
        print_json({"url": server.url, "pid": server.pid, "state": server.state, **told})
        return
    for line in (*_server(server, told), *_state(told), *_faults(told), *_features(told)):
        print(line)


def _server(server: Server, told: dict[str, Any]) -> Iterator[str]:
    settled = painted("settled", "green") if told["settled"] else painted("settling", "yellow")
    rootless = {True: ", rootless", False: ", as root", None: ""}[told["rootless"]]
    url = painted(line_of(server.url), "bold")
    yield f"{url}  fabric {told['fabric']}{rootless}  rules {told['rules']}  {settled}"
    yield f"state {line_of(server.state)}{_scales(told)}"
    if told["fabric"] == "kernel":
        yield f"API inside instances: {'on' if told['api_inside'] else 'off'}"
        yield f"way out to this machine's network: {told['outside']}"
        yield f"limits of processor time: {'on' if told['limits'] else 'off'}"


def _scales(told: dict[str, Any]) -> str:
    """The scales that are not 1."""
    names = ("bandwidth_scale", "credit_time_scale", "idle_time_scale")
    return "".join(f"  {name} {told[name]:g}" for name in names if told[name] != 1)


def _state(told: dict[str, Any]) -> Iterator[str]:
    if twin := told["twin"]:
        yield line_of(f"twin of account {twin['account']} in {twin['region']}, by {twin['dump']}")
        for finding in twin["findings"]:
            yield f"{painted('lacking', 'yellow')} {line_of(finding)}"
    if told["counts"]:
        yield GAP.join(f"{kind} {count}" for kind, count in told["counts"].items())
    of_ec2 = told["operations"]
    absent, refused = len(of_ec2["absent"]), of_ec2["refused"]
    yield f"operations of EC2: {of_ec2['built']} built  {absent} absent (reads, empty)  {refused} refused"


def _faults(told: dict[str, Any]) -> Iterator[str]:
    if told["warning"]:
        yield f"{painted('warning', 'yellow')} {line_of(told['warning'])}"
    for feature, why in told["missing"].items():
        yield f"{painted('missing', 'yellow')} {line_of(f'{feature}: {why}')}"
    for key, why in told["failed"].items():
        yield f"{painted('failed', 'red')} {line_of(f'{key}: {why}')}"


def _features(told: dict[str, Any]) -> Iterator[str]:
    rows = [(one["level"], one["feature"], line_of(one["why"])) for one in told["features"]]
    for level, *rest in table([("level", "feature", "how"), *rows]):
        colour = COLOURS.get(level.strip())
        yield GAP.join([painted(level, colour) if colour else level, *rest]).rstrip()
