"""`elastinet logs`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from elastinet.cli.common import CommandFailure, Port, State, find_server, run_folder
from elastinet.cli.exec import resolve
from elastinet.cli.terminal import Output
from elastinet.config import MEMORY
from elastinet.serve.logs import path_of
from elastinet.serve.places import Server

INTERVAL_SECONDS = 0.2


def logs(
    instance: Annotated[
        str | None, typer.Argument(help="An instance: its console. None: the server's log.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print control characters as they are.")] = False,
    syslog: Annotated[
        bool, typer.Option("--syslog", help="Of an instance: what its programs have logged to /dev/log.")
    ] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more comes.")] = False,
    port: Port = None,
    state: State = None,
) -> None:
    """Print what an instance has written to its console or its syslog, or what the server logs."""
    if syslog and instance is None:
        raise CommandFailure("--syslog is of an instance: name one", 2)
    server = find_server(port, state)
    path = _path(server, instance, "syslog" if syslog else "console.log")
    output = Output(raw=raw)
    position = _print_from(path, 0, output)
    while follow:
        time.sleep(INTERVAL_SECONDS)
        position = _print_from(path, position, output)


def _path(server: Server, instance: str | None, log: str) -> Path:
    state = None if server.state == MEMORY else Path(server.state)
    if instance is None:
        path = path_of(state, run_folder(server))
    else:
        kept = state or run_folder(server)
        path = kept / "disks" / resolve(server, instance) / log
    if not path.exists():
        raise CommandFailure(f"there is no log of {instance or 'the server'}: {path} does not exist")
    return path


def _print_from(path: Path, position: int, output: Output) -> int:
    with path.open("rb") as file:
        if position > path.stat().st_size:
            position = 0
        file.seek(position)
        output.write(file.read())
        return file.tell()
