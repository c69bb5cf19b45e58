"""`elastinet lab`."""

import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elastinet.cli.common import CommandFailure, Json, ask, find_server, print_json, say_error
from elastinet.cli.holding import HeldServer, HoldingError
from elastinet.cli.measure.guests import ended_in_order

if TYPE_CHECKING:
    from elastinet.cli.lab.catalogue import Lab
    from elastinet.cli.lab.checks import Check
    from elastinet.cli.lab.region import Region
    from elastinet.serve.places import Server

PLAIN = {"fabric": "kernel", "rules": "classic", "bandwidth_scale": 1.0, "credit_time_scale": 1.0}
"""What a lab relies on, unless it says otherwise, whatever the user's configuration has."""
FIRST_ACCOUNT, ACCOUNTS = 10**11, 9 * 10**11


def lab(
    name: Annotated[str, typer.Argument(help="A lab's name; list shows them.")] = "list",
    keep: Annotated[bool, typer.Option("--keep", help="Leave it standing, to look around in it.")] = False,
    port: Annotated[int | None, typer.Option(help="Build it in the server on this port.")] = None,
    state: Annotated[str | None, typer.Option(help="Build it in the server of this state folder.")] = None,
    json: Json = False,
) -> None:
    """Build a network, check it by packets, show what was seen, and take it away."""
    if name == "list":
        _list(as_json=json)
        return
    from elastinet.cli.lab.catalogue import load  # botocore is not quick to import

    lab, is_own = load(name), port is None and state is None
    try:
        with (
            ended_in_order(),
            _serving(lab, port, state) as server,
            _region(server, leave=keep or is_own) as region,
        ):
            found = _perform(lab, region, quiet=json)
            if json:
                print_json({"lab": lab.name, "checks": [check._asdict() for check in found]})
            else:
                _show(lab, found)
            if keep:
                _stay(region, is_own=is_own)
    except HoldingError as error:
        raise CommandFailure(str(error)) from None
    sys.exit(0 if all(check.ok for check in found) else 1)


@contextmanager
def _serving(lab: "Lab", port: int | None, state: str | None) -> "Iterator[Server]":
    """A server of the lab's own, which goes with it, or the one that was asked for."""
    wanted = PLAIN | lab.settings
    if port is not None or state is not None:
        server = find_server(port, state)
        _fit(lab, wanted, server)
        yield server
        return
    held = HeldServer(wanted)
    try:
        _fit(lab, wanted, held.server)
        yield held.server
    finally:
        held.stop()


def _fit(lab: "Lab", wanted: dict[str, Any], server: "Server") -> None:
    """Refuse a server in which the lab would show something else."""
    if server.unix_socket:
        raise CommandFailure("AWS clients cannot ask a server on a Unix socket: leave --port and --state out")
    told = ask(server, "GET", "/_elastinet/status")
    for name, value in wanted.items():
        if told[name] != value:
            raise CommandFailure(
                f"the lab {lab.name} needs a server with {name} {value}, and this one has {told[name]}: "
                "without --port and --state it starts its own"
            )
    for need in lab.needs:
        if need in told["missing"]:
            raise CommandFailure(f"the lab {lab.name} cannot show it here: {told['missing'][need]}")


@contextmanager
def _region(server: "Server", *, leave: bool) -> "Iterator[Region]":
    """An account that nobody else uses; what is built there is taken away in the end."""
    from elastinet.cli.lab import leaving
    from elastinet.cli.lab.client import client
    from elastinet.cli.lab.region import Region

    account = str(FIRST_ACCOUNT + secrets.randbelow(ACCOUNTS))
    ec2 = client(server, account)
    region, before = Region(server, ec2, account), leaving.there(ec2)
    try:
        yield region
    finally:
        if not leave and (left := leaving.remove(ec2, before, region.settle)):
            say_error(f"these could not be taken away: {', '.join(left)}")


def _perform(lab: "Lab", region: "Region", *, quiet: bool) -> "list[Check]":
    """Run a lab, and say on stderr how far it is."""
    from botocore.exceptions import ClientError
    from rich.console import Console

    with Console(stderr=True, quiet=quiet).status(f"{lab.name}: building …") as line:
        region.heard = lambda check: line.update(f"{lab.name}: {check.claim}")
        try:
            lab.run(region)
        except ClientError as error:  # a quota of this server's, say
            raise CommandFailure(f"the lab {lab.name} was refused: {error}") from error
    return region.checks


def _list(*, as_json: bool) -> None:
    from elastinet.cli.lab.catalogue import NAMES, load

    labs = [load(name) for name in NAMES]
    if as_json:
        print_json([{"name": lab.name, "title": lab.title, "about": lab.about} for lab in labs])
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("lab", "what it shows", box=None, pad_edge=False)
    for lab in labs:
        table.add_row(f"[bold]{lab.name}[/]", lab.title)
    Console().print(table)


def _show(lab: "Lab", checks: "list[Check]") -> None:
    from rich.console import Console
    from rich.table import Table

    from elastinet.cli.terminal import plain

    table = Table("what was asked", "expected", "seen", "ok", title=lab.title)
    for check in checks:
        claim, expected, seen = (plain(text) for text in check[:3])
        table.add_row(claim, expected, seen, "[green]ok[/]" if check.ok else "[red]no[/]")
    Console().print(table)


def _stay(region: "Region", *, is_own: bool) -> None:
    """Say how to look around; a server of the lab's own lives until Ctrl-C."""
    account, port = region.account, region.server.port
    with suppress(KeyboardInterrupt):
        say_error(f'it stands: eval "$(elastinet env --port {port})"; export AWS_ACCESS_KEY_ID={account}')
        if is_own:
            say_error("Ctrl-C takes it and its server away")
            signal.pause()
