"""Files that a launch puts into its instances, which are removed when its leash to an instance ends."""

import os
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import BinaryIO, NamedTuple

from elastinet.cli.common import CommandFailure
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.program import Program
from elastinet.fabric.contract.client import Command, request
from elastinet.fabric.contract.streams import Streams

PACKAGE = "elastinet.cli.mpi"
NOT_INSTALLED, NO_PROGRAM = 3, 4
"""The exit codes of prepare.sh if Open MPI or the program is missing."""
CLEAN_SECONDS = 10.0
"""Seconds that all instances together have to confirm that nothing is left."""


class Leash(NamedTuple):
    """Two pipes by which an instance hears of the end of a launch, also of one by SIGKILL, and answers."""

    into: int
    out: int

    def fileno(self) -> int:
        """The descriptor that is readable when the instance confirms that nothing is left, or has ended."""
        return self.out


Leashes = dict[Host, Leash]


class Silent(NamedTuple):
    """The hosts that do not say that nothing is left: those that have gone themselves, and others."""

    gone: list[Host]
    late: list[Host]


class Bundle(NamedTuple):
    """The content of every instance's folder: files by name, and Open MPI's parameters.

    `mark` is the variable that all processes of the launch have, `daemon` what Open MPI runs there; the
    parameters `launch` are for its daemons, `messages` for the ranks.
    """

    folder: str
    mark: Mapping[str, str]
    daemon: str
    files: Mapping[str, Path]
    launch: Mapping[str, str]
    messages: Mapping[str, str]


def prepare(run: Path, hosts: Sequence[Host], bundle: Bundle, program: Program, leashes: Leashes) -> None:
    """Have a launch's folder in every instance, and the program; raises CommandFailure.

    Whatever happens, `leashes` are then those of all instances where something may be.
    """
    env = {**bundle.mark, "FOLDER": bundle.folder}
    _hold(run, hosts, {**env, "CLEAN": _script("clean.sh")}, leashes)
    env |= {"LAUNCH": _lines(bundle.launch), "MESSAGES": _lines(bundle.messages)}
    env["HOSTS"] = "".join(f"{host.address} slots={host.ranks}\n" for host in hosts)
    env |= {"PROGRAM": program.path, "DAEMON": bundle.daemon}
    argv = ["sh", "-c", _script("prepare.sh")]
    with ExitStack() as stack, _archive(bundle.files) as archive:
        begun = []
        for host in hosts:
            source = stack.enter_context(open(archive, "rb"))
            said = stack.enter_context(tempfile.TemporaryFile())
            command = stack.enter_context(Command(run, request(host.instance, argv, env=env)))
            fds = (source.fileno(), said.fileno(), said.fileno())
            begun.append((host, command, stack.enter_context(Streams(command.ends, fds)), said))
        for host, command, streams, said in begun:
            status = command.wait()
            streams.finish()
            _check(host, status, program, said)


def _lines(parameters: Mapping[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in parameters.items())


def _hold(run: Path, hosts: Sequence[Host], env: Mapping[str, str], leashes: Leashes) -> None:
    """Have a folder in every instance, and something there that deletes it in the end."""
    argv = ["sh", "-c", _script("hold.sh")]
    with ExitStack() as stack:
        begun = []
        for host in hosts:
            command = stack.enter_context(Command(run, request(host.instance, argv, env=env)))
            into, unread, out, complaints = command.ends
            leashes[host] = Leash(into, out)
            os.close(unread)
            begun.append((host, command, stack.enter_context(open(complaints, "rb"))))
        for host, command, said in begun:
            if status := command.wait():
                raise CommandFailure(f"{host.instance}: {_words(said.read() or b'') or status}")


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
        raise CommandFailure("Open MPI is not installed: it is this machine's package openmpi-bin", 2)
    if status == NO_PROGRAM:
        raise CommandFailure(f"there is no program {program.path} on {host.instance} that can be run", 2)
    if status:
        said.seek(0)
        raise CommandFailure(f"{host.instance}: {_words(said.read()) or status}")


def _words(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())


def clean(leashes: Leashes) -> Silent:
    """End what is left of the launch, and delete its files; gives the hosts that do not say so."""
    for leash in leashes.values():
        os.close(leash.into)
    gone, deadline = [], time.monotonic() + CLEAN_SECONDS
    with ExitStack() as stack, DefaultSelector() as selector:
        for host, leash in leashes.items():
            stack.callback(os.close, leash.out)
            selector.register(leash, EVENT_READ, host)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                if not os.read(key.fd, len("done\n")):
                    gone.append(key.data)
                selector.unregister(key.fileobj)
        return Silent(gone, [key.data for key in selector.get_map().values()])
