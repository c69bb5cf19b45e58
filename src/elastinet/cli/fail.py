"""`elastinet fail` and `elastinet repair`."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.console import Console

from elastinet.cli.common import CommandFailure, Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain


class Layer(StrEnum):
    """The layers of hardware that can fail."""

    zone = "zone"
    spine = "spine"
    core = "core"
    node = "node"
    rack = "rack"
    host = "host"


Kind = Annotated[Layer, typer.Argument(help="What it is.")]
Name = Annotated[str, typer.Argument(help="Its name, as 'elastinet plant' shows it.")]


def fail(
    layer: Kind,
    name: Name,
    network: Annotated[bool, typer.Option("--network", help="Only the network goes, not the power.")] = False,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Let hardware fail: what is on it loses its power, or only its network."""
    _tell("fail", layer, name, port, state, json, kind="network" if network else "power")


def repair(layer: Kind, name: Name, port: Port = None, state: State = None, json: Json = False) -> None:
    """Repair what has failed: what is still on it comes back."""
    _tell("repair", layer, name, port, state, json)


def _tell(
    verb: str, layer: Layer, name: str, port: int | None, state: str | None, json: bool, **more: str
) -> None:
    if layer is not Layer.zone and f"-{layer}-" not in name:
        raise CommandFailure(f"{name} is no {layer}: 'elastinet plant' shows what there is", 2)
    query = urlencode({"unit": name, **more})
    told = ask(find_server(port, state), "POST", f"/_elastinet/{verb}?{query}")
    if json:
        print_json(told)
    else:
        told = plain(told)
        Console().print(f"{told['unit']}: {len(told['instances'])} instances {told['now']}")
