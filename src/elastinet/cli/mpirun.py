"""`elastinet mpirun`: an MPI program over several instances."""

import sys
from typing import Annotated

import typer

from elastinet.cli.common import Failure, Port, State, find_server, run_folder
from elastinet.cli.guests import ended_in_order
from elastinet.cli.mpi import hosts, program, transport
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.launch import Launch
from elastinet.fabric.client import AgentGone


def mpirun(
    where: Annotated[str, typer.Option("--hosts", help="Instances' ids or Name tags: A,B,…")],
    command: Annotated[list[str] | None, typer.Argument(help="The program and its arguments.")] = None,
    ranks: Annotated[int | None, typer.Option("-n", help="Ranks in all; else one on each.")] = None,
    per_host: Annotated[int | None, typer.Option("--ranks-per-host", help="Ranks on each.")] = None,
    by: Annotated[transport.Wanted, typer.Option("--transport", help="What messages go by.")] = "auto",
    env: Annotated[list[str] | None, typer.Option(help="K=V: a variable of all ranks.")] = None,
    port: Port = None,
    state: State = None,
) -> None:
    """Run an MPI program over several instances; the exit code is mpirun's.

    A program that lies outside of the folders that instances see is copied into them for the run.
    """
    variables = dict(_variable(text) for text in env or ())
    names = hosts.names(where)
    shares = hosts.shares(len(names), ranks, per_host)
    server = find_server(port, state)
    if server.fabric != "kernel":
        raise Failure("this server has no kernel fabric: its instances run nothing", 2)
    told = hosts.asked(server, names)
    chosen = transport.chosen(by, told["without_efa"])
    on = [
        Host(one["instance"], one["address"], share) for one, share in zip(told["hosts"], shares, strict=True)
    ]
    launch = Launch(run_folder(server), on, chosen, tuple(told["ports"]))
    argv = command or [""]
    try:
        with ended_in_order():
            status = launch.execute(program.found(argv[0], launch.folder), argv[1:], variables)
    except AgentGone as error:
        raise Failure(str(error)) from error
    sys.exit(status)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise Failure(f"--env {text}: a variable is NAME=VALUE", 2)
    return name, value
