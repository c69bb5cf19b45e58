"""`elastinet dpdk`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

import typer

from elastinet.cli.common import CommandFailure, Port, State, ask, find_server, run_folder
from elastinet.cli.dpdk import command, cores, driver, ports
from elastinet.fabric.contract import client

Instance = Annotated[str, typer.Argument(help="An instance's id or Name tag.")]
Interfaces = Annotated[
    list[str] | None,
    typer.Option("--interface", "-i", help="A device (eth1) or an id; again for more. All but the primary."),
]
Driver = Annotated[
    Literal["af_packet", "af_xdp"],
    typer.Option("--driver", help="What stands in for a network card's driver."),
]
Cores = Annotated[
    str | None, typer.Option("--cores", help="A number of processors, or a list: 0,2-3. Two of them.")
]
Mtu = Annotated[
    int | None, typer.Option(help="The largest packet: 9001 for testpmd, 1500 for what has usual buffers.")
]
Tty = Annotated[bool, typer.Option("--tty", "-t", help="Give the program a terminal.")]


def dpdk(
    instance: Instance,
    program: Annotated[list[str], typer.Argument(help="PROGRAM [EAL OPTIONS] [-- ITS OWN ARGUMENTS].")],
    interface: Interfaces = None,
    driver_: Driver = "af_packet",
    cores_: Cores = None,
    mtu: Mtu = None,
    tty: Tty = False,
    port: Port = None,
    state: State = None,
) -> None:
    """Run a DPDK program on interfaces that the instance's kernel leaves to it until it ends.

    Options of DPDK's environment layer (EAL) are added for memory, cores and a port for
    each interface. Those that you give come after them, and behind a further -- the
    program's own. testpmd is short for dpdk-testpmd. The exit code is the program's.

    elastinet dpdk i-0123 -- testpmd -- --forward-mode=macswap --auto-start
    """
    if driver_ == "af_xdp":
        raise CommandFailure(driver.WHY_NOT_XDP, 2)
    asked, server = command.asked(program), find_server(port, state)
    if server.fabric != "kernel":
        raise CommandFailure("this server has no kernel fabric: its instances run nothing")
    told = ask(server, "GET", f"/_elastinet/nic?instance={quote(instance)}")
    if told["state"] != "running":
        raise CommandFailure(f"{told['instance']} is {told['state']}, not running")
    try:
        largest = driver.checked(command.largest_packet(asked, mtu))
        chosen = ports.chosen(told, interface or [])
        on = cores.chosen(cores_, sorted(os.sched_getaffinity(0)))
        lockable = ask(server, "GET", "/_elastinet/status")["lockable_bytes"]
        argv = command.line(asked, [one.device for one in chosen], largest, on, lockable)
    except ValueError as error:
        raise CommandFailure(str(error), 2) from error
    sys.exit(_run(run_folder(server), told["instance"], argv, chosen, largest, tty=tty))


def _run(run: Path, guest: str, argv: list[str], chosen: list[ports.Port], mtu: int, *, tty: bool) -> int:
    try:
        _need(run, guest, argv[0])
        for number, one in enumerate(chosen):
            print(f"port {number}: {one.device} ({one.interface}), {driver.NAME}, MTU {mtu}", file=sys.stderr)
        return client.run(run, guest, argv, tty=tty, bind={one.interface: mtu for one in chosen})
    except client.AgentGone as error:
        raise CommandFailure(str(error)) from error
    except OSError as error:
        raise CommandFailure(error.strerror or str(error)) from error


def _need(run: Path, guest: str, program: str) -> None:
    """Look that a program of DPDK's own is there; what else is not is said where it should run."""
    if not program.startswith("dpdk-"):
        return
    with open(os.devnull, "r+b") as null:
        look = ["sh", "-c", 'command -v "$0"', program]
        fd = null.fileno()
        if client.run(run, guest, look, stdin=fd, stdout=fd, stderr=fd):
            raise CommandFailure(
                f"{program} is not installed: Debian's package {command.PACKAGE} has DPDK's programs"
            )
