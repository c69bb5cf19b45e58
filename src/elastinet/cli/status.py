"""`elastinet status`."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from elastinet.cli import of_instance
from elastinet.cli.common import Json, Port, State, ask, find_server, print_json
from elastinet.cli.terminal import plain
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
        of_instance.show(server, instance, json=json)
        return
    told = ask(server, "GET", "/_elastinet/status")
    if json:
        print_json({"url": server.url, "pid": server.pid, "state": server.state, **told})
    else:
        _show(Console(), server, plain(told))


def _scales(told: dict[str, Any]) -> str:
    """The scales that are not 1."""
    names = ("bandwidth_scale", "credit_time_scale", "idle_time_scale")
    return "".join(f"  {name} {told[name]:g}" for name in names if told[name] != 1)


def _show(console: Console, server: Server, told: dict[str, Any]) -> None:
    settled = "[green]settled[/]" if told["settled"] else "[yellow]settling[/]"
    rootless = {True: ", rootless", False: ", as root", None: ""}[told["rootless"]]
    console.print(
        f"[bold]{server.url}[/]  fabric {told['fabric']}{rootless}  rules {told['rules']}  {settled}"
    )
    console.print(f"state {server.state}{_scales(told)}")
    if twin := told["twin"]:
        console.print(f"twin of account {twin['account']} in {twin['region']}, by {twin['dump']}")
        for finding in twin["findings"]:
            console.print(f"[yellow]lacking[/] {finding}")
    if told["counts"]:
        console.print("  ".join(f"{kind} {count}" for kind, count in told["counts"].items()))
    of_ec2 = told["operations"]
    console.print(
        f"operations of EC2: {of_ec2['built']} built  {len(of_ec2['absent'])} absent (reads, empty)  "
        f"{of_ec2['refused']} refused"
    )
    if told["warning"]:
        console.print(f"[yellow]warning[/] {told['warning']}")
    for feature, why in told["missing"].items():
        console.print(f"[yellow]missing[/] {feature}: {why}")
    for key, why in told["failed"].items():
        console.print(f"[red]failed[/] {key}: {why}")
    table = Table("level", "feature", "how", box=None, pad_edge=False, title=None)
    for one in told["features"]:
        table.add_row(f"[{COLOURS[one['level']]}]{one['level']}[/]", one["feature"], one["why"])
    console.print(table)
