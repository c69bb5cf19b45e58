"""`elastinet ssh` and `elastinet ssh-config`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from elastinet.cli.common import CommandFailure, Port, State, find_server, run_folder
from elastinet.cli.ssh.options import options, own_key, program, public
from elastinet.cli.ssh.rows import names, row_of, running
from elastinet.fabric.contract import client
from elastinet.fabric.guest import ssh_port
from elastinet.serve.places import Server

Identity = Annotated[
    Path | None, typer.Option("--identity", "-i", metavar="FILE", help="Log in by this private key only.")
]


def ssh(
    target: Annotated[str, typer.Argument(metavar="[USER@]INSTANCE", help="An instance's id or Name tag.")],
    command: Annotated[list[str] | None, typer.Argument(help="A command and its arguments.")] = None,
    identity: Identity = None,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Be the way of an ssh client: for ProxyCommand.")
    ] = False,
    port: Port = None,
    state: State = None,
) -> None:
    """Log in to an instance by ssh, or run a command there; the exit code is ssh's."""
    server = find_server(port, state)
    user, _, name = target.rpartition("@")
    if stdio:
        sys.exit(_enter(server, name))
    row = row_of(server, name)
    words = (command or [])[command[:1] == ["--"] :] if command else []
    given = options(server, row, _absolute(identity) if identity else own_key(server))
    if user:
        given.insert(0, ("User", user))  # of two the first holds
    argv = [program("ssh"), "-F", "none", *(f"-o{option}={value}" for option, value in given)]
    os.execv(argv[0], [*argv, "--", row["id"], *words])


def ssh_config(
    instances: Annotated[list[str] | None, typer.Argument(help="Instances; none: all that run.")] = None,
    identity: Identity = None,
    port: Port = None,
    state: State = None,
) -> None:
    """Print what ssh, scp, rsync and Ansible need to log in to instances: ssh -F FILE INSTANCE."""
    server = find_server(port, state)
    rows = running(server)
    wanted = [row_of(server, name) for name in instances] if instances else rows
    key = _absolute(identity) if identity else own_key(server)
    for row in wanted:
        print(f"Host {' '.join(names(row, rows))}")
        for option, value in options(server, row, key):
            print(f"    {option} {value}")


def _enter(server: Server, name: str) -> int:
    """Be the way: the instance's own ssh server on our input and output."""
    row = row_of(server, name)
    env = {
        "DEFAULT": row["user"],
        "PAIR": row["key"],
        "OWN": public(own_key(server)),
        "MODE": ssh_port.SESSION,
    }
    try:
        return client.run(run_folder(server), row["id"], ["sh", "-c", ssh_port.script()], env=env)
    except client.AgentGone as error:
        raise CommandFailure(str(error)) from error


def _absolute(path: Path) -> Path:
    """A private key's own path; raises CommandFailure if it is none that can be read."""
    if not os.access(path, os.R_OK) or path.is_dir():
        raise CommandFailure(f"{path} is no private key that can be read")
    return path.resolve()
