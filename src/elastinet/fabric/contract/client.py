"""Run a command inside a guest and wait for its end: what `exec` and `shell` use.

Nothing but the standard library and the agent's protocol is imported, so that a command starts at once.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elastinet.fabric.contract.protocol import connect_to_own
from elastinet.fabric.contract.streams import Streams, held, same

FORWARDED = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
)
CHUNK = 65536
MOST_FDS = 16


class AgentGone(Exception):
    """The agent could not be reached, or could not run the command; the text is one line for a human."""


def request(
    guest: str,
    argv: Sequence[str],
    *,
    tty: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
    bind: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The `exec` message for a command, with the parameters of `run`."""
    return {
        "type": "exec",
        "guest": guest,
        "argv": list(argv),
        "env": dict(env or {}),
        "tty": tty,
        "cwd": cwd,
        "bind": [{"interface": id, "mtu": mtu} for id, mtu in (bind or {}).items()],
    }


class Command:
    """A command inside a guest that runs beside us, and the agent's connection on which its end is heard.

    `ends` are the other ends of its descriptors, which whoever runs it closes: `Streams` does. Whoever
    closes the command ends it: the agent kills what its client has left.
    """

    def __init__(self, run: Path, asked: Mapping[str, Any]) -> None:
        self.ends: list[int] = []
        self._agent = _connected(run / "agent.sock")
        self._rest = b""
        try:
            self._agent.sendall(json.dumps(asked).encode() + b"\n")
            while not self.ends:
                if self.hear() is not None:
                    raise AgentGone("the command was ended before it began")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor that is readable when the agent has sent something."""
        return self._agent.fileno()

    def signal(self, number: int) -> None:
        """Send the command's process group a signal."""
        self._agent.sendall(json.dumps({"type": "signal", "number": number}).encode() + b"\n")

    def hear(self) -> int | None:
        """Take what the agent says: the exit status, if it is that; AgentGone if the command never ran."""
        data, fds, _, _ = socket.recv_fds(self._agent, CHUNK, MOST_FDS, socket.MSG_CMSG_CLOEXEC)
        self.ends += fds
        if not data:
            raise AgentGone("the fabric agent ended")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for message in map(json.loads, lines):
            if message["type"] == "exited":
                if message.get("error"):
                    raise AgentGone(message["error"])
                return int(message["status"])
        return None

    def wait(self, signals: int = -1) -> int:
        """Wait for the exit status, and pass on the signals whose numbers a pipe brings meanwhile."""
        waiting = select.poll()
        for fd in {self.fileno(), signals} - {-1}:
            waiting.register(fd, select.POLLIN)
        while True:
            ready = dict(waiting.poll())
            if signals in ready:
                for number in FORWARDED.intersection(os.read(signals, CHUNK)):
                    self.signal(number)
            if self.fileno() in ready and (status := self.hear()) is not None:
                return status

    def close(self) -> None:
        """Let go of the command."""
        self._agent.close()


def run(
    run: Path,
    guest: str,
    argv: Sequence[str],
    *,
    tty: bool = False,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
    bind: Mapping[str, int] | None = None,
    stdin: int = 0,
    stdout: int = 1,
    stderr: int = 2,
) -> int:
    """Run a command in a guest and give its exit status; AgentGone when it never ran.

    `bind` are the interfaces that it gets for itself, by their ids, and the MTU of each. Raises OSError if
    what it reads or says cannot be read or written here.
    """
    asked = request(guest, argv, tty=tty, env=env, cwd=cwd, bind=bind)
    if tty:
        from elastinet.fabric.contract import terminal

        asked["size"] = terminal.size(stdin)
        with (
            held((stdin, stdout)) as fds,
            Command(run, asked) as command,
            terminal.like_ours(command.ends[0], stdin),
        ):
            return _relayed(command, fds)
    asked["together"] = same(stdout, stderr)
    outputs = (stdout,) if asked["together"] else (stdout, stderr)
    with held((stdin, *outputs)) as fds, Command(run, asked) as command:
        return _relayed(command, fds)


def _relayed(command: Command, fds: Sequence[int]) -> int:
    """Copy between a command and our descriptors, pass signals on, and give its exit status."""
    with contextlib.ExitStack() as passing:
        signals = passing.enter_context(_caught())
        with Streams(command.ends, fds) as streams:
            status = command.wait(signals)
            passing.close()
            streams.finish()
            return status


def open_socket(
    run: Path, namespace: str, *, device: str = "", host: str = "127.0.0.1", port: int = 0, udp: bool = False
) -> socket.socket:
    """A socket opened inside a namespace: connected, or one that sees a device's frames.

    Raises AgentGone when there is no such namespace, device or listener.
    """
    asked = {"type": "open", "namespace": namespace, "device": device, "host": host, "port": port, "udp": udp}
    with _connected(run / "agent.sock") as agent:
        agent.sendall(json.dumps(asked).encode() + b"\n")
        return _opened(agent)


def _opened(agent: socket.socket) -> socket.socket:
    """Wait for the socket; the descriptors of other messages are not for us."""
    rest, fds = b"", []
    try:
        while True:
            data, more, _, _ = socket.recv_fds(agent, CHUNK, 1)
            fds += more
            if not data:
                raise AgentGone("the fabric agent ended")
            *lines, rest = (rest + data).split(b"\n")
            for message in map(json.loads, lines):
                if message["type"] == "opened" and message.get("error"):
                    raise AgentGone(message["error"])
                if message["type"] == "opened":
                    return socket.socket(fileno=fds.pop())
    finally:
        for fd in fds:
            os.close(fd)


def _connected(path: Path) -> socket.socket:
    try:
        return connect_to_own(path)
    except OSError as error:
        raise AgentGone(f"the fabric agent does not answer at {path}: {error.strerror}") from None


@contextlib.contextmanager
def _caught() -> Iterator[int]:
    """Catch the signals that are for the command; gives a pipe that brings their numbers, -1 for none.

    A handler of Python's runs between two steps of ours. One that arrives as a wait begins would run after
    it; the pipe ends the wait.
    """
    if threading.current_thread() is not threading.main_thread():
        yield -1  # only the main thread has signals to pass on
        return
    ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in FORWARDED}
    waker = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        yield ours
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(ours)
        os.close(theirs)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:], tty=os.isatty(0)))
