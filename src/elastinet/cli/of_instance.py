"""`elastinet status INSTANCE`."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from elastinet.cli.common import ask, print_json
from elastinet.cli.terminal import plain
from elastinet.serve.places import Server


def show(server: Server, instance: str, *, json: bool) -> None:
    """Print how an instance is, what its user data did, and what differs from EC2."""
    told = ask(server, "GET", f"/_elastinet/instance?instance={quote(instance, safe='')}")
    if json:
        print_json(told)
        return
    console, told = Console(soft_wrap=True), plain(told)
    for line in _lines(told):
        console.print(line)
    table = Table("differs", "from EC2", box=None, pad_edge=False)
    for name, why in told["differs"].items():
        table.add_row(name, why)
    console.print(table)


def _lines(told: dict[str, Any]) -> Iterator[str]:
    """The lines above the table."""
    name = f" ({told['name']})" if told["name"] else ""
    reason = f": {told['reason']}" if told["reason"] else ""
    yield f"[bold]{told['instance']}[/]{name}  {told['type']}  {told['state']}{reason}  boot {told['boot']}"
    yield f"shutdown from inside: {told['shutdown_behavior']}"
    for one in told["interfaces"]:
        public = f"  public {' '.join(one['public'])}" if one["public"] else ""
        yield f"{one['device']}  {one['interface']}  {' '.join(one['addresses'])}{public}"
    for key, why in told["failed"].items():
        yield f"[red]failed[/] {key}: {why}"
    for name, most in told["limits"].items():
        yield f"{name}: {most}"
    yield from _of_user_data(told["user_data"])


def _of_user_data(told: dict[str, Any]) -> Iterator[str]:
    if not told["given"] and not told["programs"]:
        yield "user data: none"
        return
    for one in told["programs"]:
        ended = "has not ended" if one["status"] is None else f"ended with status {one['status']}"
        yield f"user data: {one['path']} {ended}"
    for sentence in (*told["not_run"], *filter(None, [told["unknown"]])):
        yield f"[yellow]user data[/]: {sentence}"
    if not (told["programs"] or told["not_run"] or told["unknown"]):
        yield "user data: nothing has run yet"
