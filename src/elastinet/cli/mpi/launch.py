"""One launch of Open MPI over instances: mpirun in the first, its daemons where it asks for them."""

import os
import secrets
import selectors
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from elastinet.cli.common import say_error
from elastinet.cli.mpi import files, transport
from elastinet.cli.mpi.complaints import Complaints
from elastinet.cli.mpi.flavour import flavour
from elastinet.cli.mpi.hosts import Host
from elastinet.cli.mpi.program import BIN, Program
from elastinet.cli.mpi.transport import Transport
from elastinet.fabric.contract.client import Command, request
from elastinet.fabric.contract.streams import Streams

END_SECONDS = 4.0
"""Seconds that mpirun has to end in order, once it was told to or has lost an instance."""
VARIABLE = "ELASTINET_MPI"
POLL_SECONDS = 0.5
CHUNK = 65536


class Launch:
    """A job's hosts, its folder in each of them, and the commands that run there for it."""

    def __init__(self, run: Path, hosts: Sequence[Host], by: Transport, ports: tuple[int, int]) -> None:
        self._run, self.hosts, self._by, self._ports = run, [h for h in hosts if h.ranks], by, ports
        name = secrets.token_hex(6)
        self.folder = f"/tmp/elastinet-mpi-{name}"
        self._mark = {VARIABLE: name}
        self._flavour = flavour()
        self._env = {**self._mark, **self._flavour.files(self.folder)}
        self._stack = ExitStack()
        self._selector = selectors.DefaultSelector()
        self._leashes: files.Leashes = {}
        self._daemons: dict[Command, Host] = {}
        self._lost: dict[Host, str] = {}
        self._streams: list[Streams] = []
        self._deadline: float | None = None
        self._rest = b""

    def execute(
        self, program: Program, words: Sequence[str], env: Mapping[str, str], fds: Sequence[int] = (0, 1, 2)
    ) -> int:
        """Run the program's ranks to their end, with nothing left of them; the exit code is mpirun's.

        Their input and output are `fds`.

        Raises CommandFailure, KeyboardInterrupt and AgentGone.
        """
        copied = {f"{BIN}/{program.source.name}": program.source} if program.source else {}
        launching = transport.launching(self._flavour, self.folder)
        messages = transport.messages(self._flavour, self._by, self.folder, self._ports)
        bundle = files.Bundle(self.folder, self._mark, self._flavour.daemon, copied, launching, messages)
        try:
            files.prepare(self._run, self.hosts, bundle, program, self._leashes)
            status = self._launched([program.path, *words], {**env, **self._mark}, fds)
        finally:
            gone = self._clean()
        return self._judged(status, gone)

    def _judged(self, status: int, gone: Sequence[Host]) -> int:
        """The exit code: mpirun's, but not 0 where something else has ended the job, which is said."""
        why = [f"{host.instance} is not running any more: all ranks have been ended" for host in gone]
        there = {host: what for host, what in self._lost.items() if host not in gone}
        why += [f"{what} on {host.instance} has ended: so have all ranks" for host, what in there.items()]
        for sentence in why:
            say_error(sentence)
        return status or int(bool(why))

    def _launched(self, argv: Sequence[str], env: Mapping[str, str], fds: Sequence[int]) -> int:
        """Run mpirun, and what it orders, until it ends."""
        orders, mpirun = self._orders(), self._mpirun(argv, env, fds)
        try:
            status = self._until_end(orders, mpirun)
            for streams in self._streams:
                streams.finish()
            return status
        except KeyboardInterrupt:
            mpirun.signal(signal.SIGINT)
            self._hurry()
            self._until_end(orders, mpirun)
            raise

    def _orders(self) -> int:
        """A pipe on which mpirun's orders come, one in a line."""
        ours, theirs = os.pipe2(os.O_CLOEXEC)
        self._stack.callback(os.close, ours)
        try:
            self._begin(self.hosts[0], f"exec cat <>{self.folder}/orders", theirs)
        finally:
            os.close(theirs)
        self._selector.register(ours, selectors.EVENT_READ)
        return ours

    def _mpirun(self, argv: Sequence[str], env: Mapping[str, str], fds: Sequence[int]) -> Command:
        """Begin mpirun, with input and output that the ranks have through it."""
        command = ["mpirun.openmpi", "--allow-run-as-root", "--hostfile", f"{self.folder}/hosts"]
        command += self._flavour.options
        command += [word for name, value in env.items() for word in ("-x", f"{name}={value}")]
        asked = request(self.hosts[0].instance, [*command, *argv], env=self._env)
        mpirun = self._stack.enter_context(Command(self._run, asked))
        *ends, said = mpirun.ends
        complaints = Complaints(said, fds[2])
        self._stack.callback(complaints.close)
        self._streams.append(self._stack.enter_context(Streams(ends, fds[:2])))
        self._selector.register(complaints, selectors.EVENT_READ)
        self._selector.register(mpirun, selectors.EVENT_READ)
        return mpirun

    def _begin(self, host: Host, script: str, out: int) -> Command:
        """Begin a shell's script in an instance."""
        with open(os.devnull, "rb") as null:
            asked = request(host.instance, ["sh", "-c", script], env=self._env)
            command = self._stack.enter_context(Command(self._run, asked))
            self._stack.enter_context(Streams(command.ends, (null.fileno(), out, 2)))
        return command

    def _until_end(self, orders: int, mpirun: Command) -> int:
        """Do what mpirun orders until it ends, or is not to be waited for any longer."""
        while self._deadline is None or time.monotonic() < self._deadline:
            for key, _ in self._selector.select(POLL_SECONDS):
                if key.fileobj == orders:
                    self._take(orders)
                elif key.fileobj is mpirun:
                    if (status := mpirun.hear()) is not None:
                        return status
                elif isinstance(key.fileobj, Complaints):
                    if not key.fileobj.pass_on():
                        self._selector.unregister(key.fileobj)
                elif isinstance(key.fileobj, Command):
                    self._hear(key.fileobj)
        return 1

    def _take(self, orders: int) -> None:
        """Begin the daemons that mpirun wants now; the job ends where it can no longer say so."""
        data = os.read(orders, CHUNK)
        if not data:
            self._selector.unregister(orders)
            self._lose(self.hosts[0], "what hands out mpirun's orders")
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for address, _, command in (line.decode().partition(" ") for line in lines):
            host = next(host for host in self.hosts if host.address == address)
            daemon = self._begin(host, command, 2)
            self._daemons[daemon] = host
            self._selector.register(daemon, selectors.EVENT_READ)

    def _hear(self, daemon: Command) -> None:
        """Take the end of a daemon; mpirun must know of one that did not end in order."""
        status = daemon.hear()
        if status is None:
            return
        self._selector.unregister(daemon)
        if status and self._deadline is None:
            host = self._daemons[daemon]
            self._begin(self.hosts[0], f"echo {status} >{self.folder}/{host.address}", 2)
            self._lose(host, "Open MPI's daemon")

    def _lose(self, host: Host, what: str) -> None:
        """Take something's end for that of the job."""
        self._lost[host] = what
        self._hurry()

    def _hurry(self) -> None:
        """Give mpirun no more than some seconds from now."""
        self._deadline = time.monotonic() + END_SECONDS

    def _clean(self) -> list[Host]:
        """Leave nothing, whatever is pressed meanwhile; gives the hosts that do not run any more."""
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._stack.close()
            gone, late = files.clean(self._leashes)
            for host in late:
                say_error(f"{host.instance} does not say that {self.folder} is deleted there")
            return gone
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
