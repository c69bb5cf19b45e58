"""`elastinet mpirun`: an MPI program over several instances."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from elastinet.cli.common import CommandFailure, Json, Port, State, find_server, print_json, run_folder
from elastinet.cli.measure.guests import ended_in_order
from elastinet.cli.mpi import bench, hosts, program, transport
from elastinet.cli.mpi.flavour import flavour
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.launch import Launch
from elastinet.fabric.contract.client import AgentGone


def mpirun(
    where: Annotated[str, typer.Option("--hosts", help="Instances' ids or Name tags: A,B,…")],
    command: Annotated[list[str] | None, typer.Argument(help="The program and its arguments.")] = None,
    ranks: Annotated[int | None, typer.Option("-n", help="Ranks in all; else one on each.")] = None,
    per_host: Annotated[int | None, typer.Option("--ranks-per-host", help="Ranks on each.")] = None,
    by: Annotated[transport.Wanted, typer.Option("--transport", help="What messages go by.")] = "auto",
    env: Annotated[list[str] | None, typer.Option(help="K=V: a variable of all ranks.")] = None,
    measure: Annotated[bool, typer.Option("--bench", help="Measure, by EFA and by TCP.")] = False,
    port: Port = None,
    state: State = None,
    json: Json = False,
) -> None:
    """Run an MPI program over several instances; the exit code is mpirun's.

    A program that lies outside of the folders that instances see is copied into them for the run. With
    --bench, measure latency, bandwidth and all-reduce instead.
    """
    variables = dict(_variable(text) for text in env or ())
    names = hosts.names(where)
    shares = hosts.shares(len(names), ranks, per_host)
    own = {"PROGRAM": command, "-n": ranks, "--ranks-per-host": per_host, "--env": env}
    _check(len(names), [name for name, value in own.items() if value], measure=measure, json=json)
    server = find_server(port, state)
    if server.fabric != "kernel":
        raise CommandFailure("this server has no kernel fabric: its instances run nothing", 2)
    told = hosts.asked(server, names)
    chosen = transport.chosen(flavour(), by, told["without_efa"])
    on = [
        Host(one["instance"], one["address"], share) for one, share in zip(told["hosts"], shares, strict=True)
    ]
    run, ports = run_folder(server), tuple(told["ports"])
    try:
        with ended_in_order():
            if not measure:
                launch = Launch(run, on, chosen, ports)
                argv = command or [""]
                sys.exit(launch.execute(program.found(argv[0], launch.folder), argv[1:], variables))
            _measure(run, on, ports, _compared(by, chosen), json=json)
    except AgentGone as error:
        raise CommandFailure(str(error)) from error
    except OSError as error:
        raise CommandFailure(_sentence(error)) from error


def _check(hosts: int, own: list[str], *, measure: bool, json: bool) -> None:
    """Look that nothing is given that would be left out; raises CommandFailure.

    `own` are the options given that only a user's program has.
    """
    if json and not measure:
        raise CommandFailure("--json is for what --bench measures: a program's output is its own", 2)
    if measure and own:
        raise CommandFailure(
            f"--bench has programs of its own, with one rank on each instance: no {own[0]}", 2
        )
    if measure and hosts < 2:
        raise CommandFailure("--bench is for two instances or more", 2)


def _sentence(error: OSError) -> str:
    """An error of this machine in one line, with the file if there is one."""
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def _compared(by: transport.Wanted, chosen: transport.Transport) -> list[transport.Transport]:
    """The transports to measure: both if the choice is automatic and EFA is possible, else the chosen one."""
    return ["efa", "tcp"] if (by, chosen) == ("auto", "efa") else [chosen]


def _measure(
    run: Path, on: list[Host], ports: tuple[int, int], by: list[transport.Transport], *, json: bool
) -> None:
    rows = bench.measured(run, on, ports, by)
    if json:
        print_json(rows)
    else:
        bench.show(Console(soft_wrap=True), rows, by)


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise CommandFailure(f"--env {text}: a variable is NAME=VALUE", 2)
    return name, value
