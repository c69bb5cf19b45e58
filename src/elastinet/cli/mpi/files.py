"""What one launch puts into its instances, there as long as its leash to each, and taken away again."""

import os
import socket
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from elastinet.cli.common import Failure
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.program import Program
from elastinet.fabric.client import Command, request

PACKAGE = "openmpi-bin"
NOT_INSTALLED, NO_PROGRAM = 3, 4
"""How prepare.sh ends where Open MPI or the program is not there."""
CLEAN_SECONDS = 10.0

Leashes = dict[Host, socket.socket]
"""The sockets by which instances hear of the end of a launch, also of one by SIGKILL."""


def prepare(run: Path, parameters: Mapping[Host, str], program: Program, folder: str, mark: str) -> Leashes:
    """Have the launch's folder in every instance, with each one's parameters; raises Failure."""
    env = {"FOLDER": folder, "MARK": mark, "PROGRAM": program.path, "COPY": "1" if program.source else ""}
    env |= {"RSH": _script("rsh.sh"), "CLEAN": _script("clean.sh")}
    argv = ["sh", "-c", _script("prepare.sh")]
    leashes: Leashes = {}
    try:
        with ExitStack() as stack, tempfile.TemporaryFile() as said:
            begun = {}
            for host, own in parameters.items():
                source = stack.enter_context(open(program.source or os.devnull, "rb"))
                leashes[host], theirs = socket.socketpair()
                fds = (source.fileno(), stack.enter_context(theirs).fileno(), said.fileno())
                asked = request(host.instance, argv, env={**env, "PARAMETERS": own})
                begun[host] = stack.enter_context(Command(run, asked, fds))
            # All have ended before one is judged: what is cut short leaves its folder.
            ended = {host: command.wait() for host, command in begun.items()}
            for host, status in ended.items():
                _check(host, status, program, said)
    except BaseException:
        clean(leashes)
        raise
    return leashes


def _script(name: str) -> str:
    """One of this package's shell scripts."""
    return files("elastinet.cli.mpi").joinpath(name).read_text(encoding="utf-8")


def _check(host: Host, status: int, program: Program, said: BinaryIO) -> None:
    if status == NOT_INSTALLED:
        raise Failure(f"Open MPI is not installed: it is this machine's package {PACKAGE}", 2)
    if status == NO_PROGRAM:
        raise Failure(f"there is no program {program.path} on {host.instance}", 2)
    if status:
        said.seek(0)
        raise Failure(f"{host.instance}: {said.read().decode(errors='replace').strip() or status}")


def clean(leashes: Leashes) -> list[Host]:
    """End what is left of the launch, and delete its files; gives the hosts that have gone themselves."""
    for leash in leashes.values():
        leash.shutdown(socket.SHUT_WR)
    return [host for host, leash in leashes.items() if not _has_said(leash)]


def _has_said(leash: socket.socket) -> bool:
    """Whether an instance says that it is done, not nothing for its end."""
    with leash:
        leash.settimeout(CLEAN_SECONDS)
        return bool(leash.recv(len("done\n")))
