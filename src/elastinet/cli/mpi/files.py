"""What one launch puts into its instances, there as long as its leash to each, and taken away again."""

import socket
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from elastinet.cli.common import Failure
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.program import Program
from elastinet.fabric.client import Command, request

PACKAGE = "elastinet.cli.mpi"
NOT_INSTALLED, NO_PROGRAM = 3, 4
"""How prepare.sh ends where Open MPI or the program is not there."""
CLEAN_SECONDS = 10.0

Leashes = dict[Host, socket.socket]
"""The sockets by which instances hear of the end of a launch, also of one by SIGKILL."""


class Bundle(NamedTuple):
    """What goes into every instance: files by their names in the folder there, and its parameters."""

    folder: str
    mark: str
    files: Mapping[str, Path]
    parameters: Mapping[Host, str]


def prepare(run: Path, bundle: Bundle, program: Program) -> Leashes:
    """Have a launch's folder in every instance, and the program; raises Failure."""
    env = {
        "FOLDER": bundle.folder,
        "MARK": bundle.mark,
        "PROGRAM": program.path,
        "CLEAN": _script("clean.sh"),
    }
    argv = ["sh", "-c", _script("prepare.sh")]
    leashes: Leashes = {}
    try:
        with ExitStack() as stack, _archive(bundle.files) as archive, tempfile.TemporaryFile() as said:
            begun = {}
            for host, own in bundle.parameters.items():
                source = stack.enter_context(open(archive.name, "rb"))
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


@contextmanager
def _archive(found: Mapping[str, Path]) -> Iterator[Any]:
    """A tar file of these files and rsh.sh, each for its owner to execute."""
    with tempfile.NamedTemporaryFile(prefix="elastinet-mpi-") as made:
        with tarfile.open(fileobj=made, mode="w") as archive, as_file(files(PACKAGE) / "rsh.sh") as rsh:
            for name, path in {**found, "rsh": rsh}.items():
                archive.add(path.resolve(), name, filter=_executable)
        made.flush()
        yield made


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
