"""`elastinet plant`: the hardware of a zone, and what sits where."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.tree import Tree

from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.plant_picture import picture
from elastinet.cli.terminal import plain

LAYERS = ("spine", "core", "node")


def plant(
    zone: Annotated[str, typer.Option(help="A zone, by name or id.")] = "us-east-1a",
    svg: Annotated[Path | None, typer.Option(help="Write a picture of it to this file.")] = None,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Show a zone's hardware: the racks with anything on them, and what has failed."""
    told = ask(find_server(port, state), "GET", f"/_elastinet/plant?{urlencode({'zone': zone})}")
    if svg is not None:
        svg.write_text(picture(told), encoding="utf-8")
    if json:
        print_json(told)
    else:
        Console().print(_tree(plain(told)))


def _tree(told: dict[str, Any]) -> Tree:
    hosts = told["racks"] * told["hosts_per_rack"]
    root = Tree(
        f"[bold]{told['zone']}[/] ({told['zone_id']}): {told['racks']} racks, "
        f"{told['hosts_in_use']} of {hosts} hosts in use"
    )
    for unit, kind in told["failures"].items():
        root.add(f"[red]{unit} has failed: {kind}[/]")
    branches: dict[str, Tree] = {}
    for rack in told["used"]:
        at = root
        for layer in LAYERS:
            at = branches.setdefault(rack[layer], branches.get(rack[layer]) or at.add(rack[layer]))
        _add_rack(at.add(rack["rack"]), rack)
    return root


def _add_rack(branch: Tree, rack: dict[str, Any]) -> None:
    for host in rack["hosts"]:
        about = _about(host) if host["family"] else "empty"
        down = " [red]down[/]" if host["down"] else ""
        leaf = branch.add(f"{host['host']} ({about}){down}")
        for one in host["instances"]:
            lacks = f" [red]without {one['lacks']}[/]" if one["lacks"] else ""
            leaf.add(f"{one['id']} {one['type']} {one['state']}{lacks}")


def _about(host: dict[str, Any]) -> str:
    """A host in use: what it has left, and how many functions of its cards are in use."""
    cards = host["cards"]
    used, whole = (sum(card[what] for card in cards) for what in ("in_use", "functions"))
    what = f"{len(cards)} network card" + ("s" if len(cards) > 1 else "")
    return f"{host['family']}, {host['vcpus_left']} vCPUs left, {what}: {used} of {whole} functions in use"
