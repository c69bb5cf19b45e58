"""`elastinet twin`: what has been done to a twin, as commands for its account."""

import urllib.error
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elastinet.cli.calling import call
from elastinet.cli.common import (
    CommandFailure,
    Json,
    Port,
    State,
    find_server,
    page_failure,
    print_json,
    say_error,
)
from elastinet.cli.terminal import printable

if TYPE_CHECKING:
    from elastinet.twin.original import Original

app = typer.Typer(no_args_is_help=True, help="The twin of an account that a server is.")
PAGE = "/_elastinet/twin"


@app.callback()
def twin() -> None:
    """The twin of an account that a server is."""


@app.command()
def diff(
    dump: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="The account as it is by now: a newer dump of it.")
    ] = None,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Print the commands that make the account the same as its twin is now."""
    from elastinet.twin.differing import steps
    from elastinet.twin.script import script

    original, now = _read(port, state)
    before = _newer(dump, original) if dump else original
    lines = list(script(steps(original.part_of(before.state), now.state), original.account))
    if json:
        print_json({"account": original.account, "region": original.region, "lines": lines})
        return
    for line in lines:
        print(printable(line))
    if not lines:
        say_error("the twin is as the account: nothing is to be done")


def _read(port: int | None, state: str | None) -> "tuple[Original, Original]":
    """The twin's original, and what it is now."""
    from elastinet.twin.original import decode

    server = find_server(port, state)
    try:
        with call(server, "GET", PAGE, timeout=60) as reply:
            data = reply.read()
    except urllib.error.HTTPError as error:
        raise page_failure(PAGE, error, refused=2) from error
    except OSError as error:
        raise CommandFailure(f"the server at {server.url} does not answer ({error})") from error
    length = int.from_bytes(data[:8], "big")
    return decode(data[8 : 8 + length]), decode(data[8 + length :])


def _newer(dump: Path, original: "Original") -> "Original":
    """The account by another dump; raises CommandFailure if it is none, or another one's."""
    from elastinet.dumps.finding import DumpError
    from elastinet.twin.original import read

    try:
        found = read(dump, original.only)
    except DumpError as error:
        raise CommandFailure(str(error), 2) from None
    if (found.account, found.region) != (original.account, original.region):
        sentence = (
            f"{dump} is of account {found.account} in {found.region}, and the twin of {original.account}"
        )
        raise CommandFailure(f"{sentence} in {original.region}", 2)
    for finding in found.findings:
        say_error(finding)
    return found
