"""`elastinet exec` and `elastinet shell`."""

import sys
from typing import Annotated
from urllib.parse import quote

import typer

from elastinet.cli.common import CommandFailure, Port, State, ask, find_server, run_folder
from elastinet.fabric.contract import client
from elastinet.serve.places import Server

Instance = Annotated[str, typer.Argument(help="An instance's id or Name tag, or 'internet'.")]


def exec_(
    instance: Instance,
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
    port: Port = None,
    state: State = None,
    tty: Annotated[bool, typer.Option("--tty", "-t", help="Give the command a terminal.")] = False,
) -> None:
    """Run a command inside an instance; its exit code is ours."""
    server = find_server(port, state)
    argv = command[1:] if command and command[0] == "--" else command
    if not argv:
        raise CommandFailure("no command is given: elastinet exec INSTANCE -- COMMAND…", 2)
    sys.exit(_run(server, instance, argv, tty=tty))


def shell(instance: Instance, port: Port = None, state: State = None) -> None:
    """Open a shell inside an instance."""
    sys.exit(_run(find_server(port, state), instance, ["/bin/bash", "-l"], tty=True))


def resolve(server: Server, name: str) -> str:
    """The id of the running instance that a name means; raises CommandFailure."""
    if name == "internet" or name.startswith("i-"):
        return name
    found = ask(server, "GET", f"/_elastinet/instances?name={quote(name)}")["instances"]
    if len(found) != 1:
        sentence = f"{len(found) or 'no'} running instances are called '{name}'"
        raise CommandFailure(f"{sentence}: 'elastinet instances' lists them all")
    return str(found[0])


def guest_of(server: Server, name: str) -> str:
    """The same of a server whose instances can run something."""
    if server.fabric != "kernel":
        raise CommandFailure("this server has no kernel fabric: its instances run nothing")
    return resolve(server, name)


def _run(server: Server, name: str, argv: list[str], *, tty: bool) -> int:
    guest = guest_of(server, name)
    try:
        return client.run(run_folder(server), guest, argv, tty=tty)
    except client.AgentGone as error:
        raise CommandFailure(str(error)) from error
    except OSError as error:
        raise CommandFailure(error.strerror or str(error)) from error
