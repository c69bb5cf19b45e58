"""What one launch puts into its instances, there as long as its leash to each, and taken away again."""

import os
import socket
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import BinaryIO, NamedTuple

from elastinet.cli.common import Failure
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.program import Program
from elastinet.fabric.client import Command, request

PACKAGE = "elastinet.cli.mpi"
NOT_INSTALLED, NO_PROGRAM = 3, 4
"""How prepare.sh ends where Open MPI or the program is not there."""
CLEAN_SECONDS = 10.0
"""How long all instances together have to say that nothing is left."""

Leashes = dict[Host, socket.socket]
"""The sockets by which instances hear of the end of a launch, also of one by SIGKILL."""


class Silent(NamedTuple):
    """The hosts that do not say that nothing is left: those that have gone themselves, and others."""

    gone: list[Host]
    late: list[Host]


class Bundle(NamedTuple):
    """What goes into every instance: files by their names in the folder there, and Open MPI's parameters.

    `mark` is the variable that all processes of the launch have.
    """

    folder: str
    mark: Mapping[str, str]
    files: Mapping[str, Path]
    parameters: Mapping[str, str]


def prepare(run: Path, hosts: Sequence[Host], bundle: Bundle, program: Program, leashes: Leashes) -> None:
    """Have a launch's folder in every instance, and the program; raises Failure.

    Whatever happens, `leashes` are then those of all instances where something may be.
    """
    env = {
        **bundle.mark,
        "FOLDER": bundle.folder,
        "PARAMETERS": "".join(f"{name} = {value}\n" for name, value in bundle.parameters.items()),
        "PROGRAM": program.path,
        "CLEAN": _script("clean.sh"),
    }
    argv = ["sh", "-c", _script("prepare.sh")]
    with ExitStack() as stack, _archive(bundle.files) as archive:
        begun = {}
        for host in hosts:
            source = stack.enter_context(open(archive, "rb"))
            said = stack.enter_context(tempfile.TemporaryFile())
            leashes[host], theirs = socket.socketpair()
            fds = (source.fileno(), stack.enter_context(theirs).fileno(), said.fileno())
            asked = request(host.instance, argv, env=env)
            begun[host] = stack.enter_context(Command(run, asked, fds)), said
        for host, (command, said) in begun.items():
            _check(host, command.wait(), program, said)


@contextmanager
def _archive(found: Mapping[str, Path]) -> Iterator[str]:
    """A tar file of these files and rsh.sh, each for its owner to execute; SIGKILL leaves none."""
    with tempfile.TemporaryFile() as made:
        with tarfile.open(fileobj=made, mode="w") as archive, as_file(files(PACKAGE) / "rsh.sh") as rsh:
            for name, path in {**found, "rsh": rsh}.items():
                archive.add(path.resolve(), name, filter=_executable)
        made.flush()
        yield f"/proc/self/fd/{made.fileno()}"


def _executable(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o755, 0, 0, "", ""
    return member


def _script(name: str) -> str:
    """One of this package's shell scripts."""
    return (files(PACKAGE) / name).read_text(encoding="utf-8")


def _check(host: Host, status: int, program: Program, said: BinaryIO) -> None:
    if status == NOT_INSTALLED:
        raise Failure("Open MPI is not installed: it is this machine's package openmpi-bin", 2)
    if status == NO_PROGRAM:
        raise Failure(f"there is no program {program.path} on {host.instance} that can be run", 2)
    if status:
        said.seek(0)
        raise Failure(f"{host.instance}: {' '.join(said.read().decode(errors='replace').split()) or status}")


def clean(leashes: Leashes) -> Silent:
    """End what is left of the launch, and delete its files; gives the hosts that do not say so."""
    for leash in leashes.values():
        leash.shutdown(socket.SHUT_WR)
    gone, deadline = [], time.monotonic() + CLEAN_SECONDS
    with ExitStack() as stack, DefaultSelector() as selector:
        for host, leash in leashes.items():
            selector.register(stack.enter_context(leash), EVENT_READ, host)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if not os.read(key.fd, len("done\n")):
                    gone.append(key.data)
                selector.unregister(key.fileobj)
        return Silent(gone, [key.data for key in selector.get_map().values()])
