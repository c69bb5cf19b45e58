"""A real agent under test: desires in, facts out, commands inside guests."""

import contextlib
import difflib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from elastinet.deletion import remove_tree
from elastinet.fabric.agent import launch
from elastinet.fabric.contract import client, terminal  # noqa: F401  as nobody it might not be readable
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.messages import Desire
from elastinet.fabric.contract.objects import AnyObject, Guest
from elastinet.fabric.contract.streams import Streams

PATIENCE = 60.0
NOBODY = 65534
MODES = ["root", "rootless"] if os.geteuid() == 0 else ["rootless"]


class Machine:
    """One agent process and the connection of its only engine."""

    def __init__(
        self, mode: str, descriptors: str = "", *, before: str = "", lent: bool = False, authority: str = ""
    ) -> None:
        """`before` is a shell's script, run among mounts that only this agent sees; {disks} is their folder.

        With the certificate of an authority the agent has AWS's endpoints.
        """
        self.lent = ["--lent"] if lent else []
        self.mode = mode
        self.before = before
        self.limits = ["prlimit", f"--nofile={descriptors}"] if descriptors else []
        self.dropped = mode == "rootless" and os.geteuid() == 0
        self.folder = Path(tempfile.mkdtemp(prefix="elastinet-test-"))
        self.run, self.disks = self.folder / "run", self.folder / "disks"
        if self.dropped:
            os.chown(self.folder, NOBODY, NOBODY)
        self.authority = self.folder / "authority.pem" if authority else None
        if self.authority:
            self.authority.write_text(authority)
        try:
            self.start()
        except BaseException:
            self.process.kill()
            remove_tree(self.folder)
            raise

    def start(self) -> None:
        (self.run / "agent.sock").unlink(missing_ok=True)
        command = launch.agent_command(self.run, self.disks, authority=self.authority)
        if self.dropped:
            script = Path(__file__).with_name("rootless.py")
            command = [
                sys.executable,
                str(script),
                *self.lent,
                "--run",
                str(self.run),
                "--disks",
                str(self.disks),
                *(("--authority", str(self.authority)) if self.authority else ()),
            ]
        if self.before:
            script = f'set -e; {self.before.format(disks=self.disks)}; exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", script, "sh", *command]
        self.process = subprocess.Popen([*self.limits, *command])
        self.facts: list[dict[str, Any]] = []
        self.generation = 0
        self.connect()

    @contextlib.contextmanager
    def as_user(self) -> Iterator[None]:
        """The agent talks to its own user only."""
        if self.dropped:
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            if self.dropped:
                os.seteuid(0)

    def connect(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                with self.as_user():
                    connection.connect(str(self.run / "agent.sock"))
                break
            except OSError:
                connection.close()
                assert self.process.poll() is None, "the agent has ended"
                assert time.monotonic() < end, "the agent does not listen"
                time.sleep(0.02)
        self.engine = connection
        self._rest = b""
        self.fds: list[int] = []

    def _hear(self, seconds: float) -> None:
        self.engine.settimeout(seconds)
        data, fds, _, _ = socket.recv_fds(self.engine, 1 << 18, 16)
        assert data, "the agent closed the connection"
        self.fds += fds
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.facts += map(_fact, lines)

    def wait(self, true: Callable[[dict[str, Any]], bool], what: str = "") -> dict[str, Any]:
        """Wait for a fact, also among those heard before."""
        end, at = time.monotonic() + PATIENCE, 0
        while True:
            for fact in self.facts[at:]:
                if true(fact):
                    return fact
            at = len(self.facts)
            left = end - time.monotonic()
            assert left > 0, f"{what or 'a fact'} did not come; heard {self.facts[-8:]}"
            with contextlib.suppress(TimeoutError):
                self._hear(left)

    def desire(self, *put: AnyObject, drop: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
        """Say what to have, and wait until it is there; give what failed."""
        self.say(*put, drop=drop, **options)
        wanted = {"type": "converged", "generation": self.generation}
        return self.wait(lambda fact: wanted.items() <= fact.items(), "Converged")["failed"]

    def say(self, *put: AnyObject, drop: tuple[str, ...] = (), **options: Any) -> None:
        """Say what to have, and do not wait."""
        self.facts.clear()
        self.generation += 1
        desire = Desire(self.generation, tuple(put), tuple(map(key_of, drop)), **options)
        self.engine.settimeout(PATIENCE)
        self.engine.sendall(msgspec.json.encode(desire) + b"\n")

    def boot(self, *put: AnyObject, **options: Any) -> None:
        """Have objects, and wait until every guest among them runs."""
        failed = self.desire(*put, **options)
        assert not failed, failed
        for item in put:
            if isinstance(item, Guest):
                self.wait(
                    lambda fact, id=item.id: fact["type"] == "running" and fact["guest"] == id,
                    f"{item.id} running",
                )

    def scrap_all(self) -> dict[str, Any]:
        """Want nothing any more, and wait until all disks are deleted; give what failed."""
        scrap = tuple(path.name for path in self.disks.iterdir() if not path.name.startswith("."))
        failed = self.desire(whole=True, scrap=scrap)
        self._let_go()  # a socket keeps its network's namespace there
        self.until(lambda: not any(self.disks.iterdir()), "empty disks")
        return failed

    def exec(self, guest: str, command: str) -> tuple[int, str]:
        """Run a shell command in a guest; give its status and what it said."""
        out = os.memfd_create("out")
        null = os.open("/dev/null", os.O_RDONLY)
        try:
            with self.as_user():
                status = client.run(
                    self.run, guest, ["sh", "-c", command], stdin=null, stdout=out, stderr=out
                )
            return status, os.pread(out, 1 << 20, 0).decode()
        finally:
            os.close(out)
            os.close(null)

    def ok(self, guest: str, command: str) -> str:
        status, text = self.exec(guest, command)
        assert status == 0, f"{guest}: {command}: {status}: {text}"
        return text

    @contextlib.contextmanager
    def background(self, guest: str, command: str) -> Iterator[None]:
        """Run a command in a guest while something else is done; it may not have begun yet."""
        with self.as_user():
            begun = client.Command(self.run, client.request(guest, ["sh", "-c", command]))
        null = os.open("/dev/null", os.O_RDWR)
        with begun, Streams(begun.ends, [null] * 3):
            os.close(null)
            yield

    def at_once(self, commands: Mapping[str, str]) -> dict[str, str]:
        """Run a shell command in each of some guests at the same time; give what each of them said."""
        with contextlib.ExitStack() as stack:
            begun = {guest: stack.enter_context(self._begun(guest, commands[guest])) for guest in commands}
            return {guest: said() for guest, said in begun.items()}

    @contextlib.contextmanager
    def _begun(self, guest: str, command: str) -> Iterator[Callable[[], str]]:
        with self.as_user():
            begun = client.Command(self.run, client.request(guest, ["sh", "-c", command]))
        with (
            begun,
            open(os.devnull, "rb") as null,
            tempfile.TemporaryFile() as out,
            Streams(begun.ends, [null.fileno(), out.fileno(), out.fileno()]) as streams,
        ):

            def said() -> str:
                status = begun.wait()
                streams.finish()
                text = os.pread(out.fileno(), 1 << 20, 0).decode()
                assert status == 0, f"{guest}: {command}: {status}: {text}"
                return text

            yield said

    @contextlib.contextmanager
    def server(self, guest: str, command: str, port: int) -> Iterator[None]:
        """Run a command in a guest that listens at a TCP port, while something else is done."""
        self.until(lambda: not self.listens(guest, port), f"the end of who was at port {port} before")
        with self.background(guest, command):
            self.until(lambda: self.listens(guest, port), f"who listens at port {port}")
            yield

    def listens(self, guest: str, port: int) -> bool:
        """Whether somebody in a guest listens at a TCP port."""
        row = f"^ *[0-9]*: [0-9A-F]*:{port:04X} [0-9A-F]*:0000 0A "
        return self.exec(guest, f"grep -q '{row}' /proc/net/tcp /proc/net/tcp6")[0] == 0

    def agent_pid(self) -> int:
        """The first process inside the agent's PID namespace."""
        guard = self.process.pid
        return int(Path(f"/proc/{guard}/task/{guard}/children").read_text().split()[0])

    def inside(self, namespace: str, *command: str) -> str:
        """Do something by hand behind the agent's back, in one of its network namespaces."""
        return self.among_mounts("nsenter", f"--net=/run/netns/{namespace}", "--", *command)

    def among_mounts(self, *command: str) -> str:
        """Do something by hand with the agent's powers, among its mounts and processes."""
        user = ["--user"] if self.mode == "rootless" else []
        if user and not self.dropped:
            user.append(
                "--preserve-credentials"
            )  # root's own are not known there, and would lose their power
        enter = ["nsenter", f"--target={self.agent_pid()}", *user, "--mount", "--pid", "--"]
        done = subprocess.run([*enter, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something that nobody tells."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"{what} did not come"
            time.sleep(0.05)

    def regains(self, look: Callable[["Machine"], str], before: str) -> None:
        """Wait until something looks as it did before; what is not as it was is told."""
        end = time.monotonic() + PATIENCE
        while (now := look(self)) != before:
            lines = difflib.unified_diff(
                before.splitlines(), now.splitlines(), "before", "now", lineterm="", n=0
            )
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9, as a crash of the engine's machine would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.engine.close()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.engine.close()
        self._let_go()

    def _let_go(self) -> None:
        """Close the sockets that were handed over."""
        while self.fds:
            os.close(self.fds.pop())

    def close(self) -> None:
        if self.process.poll() is None:
            if os.geteuid() != 0:  # the disks may have files that are not this user's
                self.scrap_all()
            self.stop()
        remove_tree(self.folder)


def _fact(line: bytes) -> dict[str, Any]:
    """A fact of the agent's; what failed is by its key's text."""
    fact: dict[str, Any] = json.loads(line)
    if "failed" in fact:
        named = ((":".join(s) if isinstance(s, list) else s, why) for s, why in fact["failed"])
        fact["failed"] = dict(named)
    return fact


def key_of(text: str) -> Key:
    """The key that has this text."""
    kind, _, id = text.partition(":")
    return msgspec.convert([kind, id], Key)


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.fixture(scope="session")
def machines() -> Iterator[dict[str, Machine]]:
    """The agents by their modes: one of each for all files that a worker does."""
    found: dict[str, Machine] = {}
    yield found
    for machine in found.values():
        machine.close()


@pytest.fixture(scope="module", params=MODES)
def running(request: pytest.FixtureRequest, machines: dict[str, Machine]) -> Iterator[Machine]:
    """The agent of a mode; what a file leaves behind is taken away."""
    mode = request.param
    if mode not in machines or machines[mode].process.poll() is not None:
        machines[mode] = Machine(mode)
    yield machines[mode]
    if machines[mode].process.poll() is None:
        assert machines[mode].scrap_all() == {}


@pytest.fixture
def machine(running: Machine) -> Iterator[Machine]:
    """An agent with nothing to do; what a test leaves behind is taken away, disks too."""
    yield running
    try:
        assert running.scrap_all() == {}
    except BaseException:
        running.kill()  # other files begin with another one
        raise
