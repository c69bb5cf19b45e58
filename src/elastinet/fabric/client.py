"""Run a command inside a guest and wait for its end: what `exec` and `shell` use.

Nothing but the standard library and the agent's protocol is imported, so that a command starts at once.
"""

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import termios
import tty as terminal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elastinet.fabric.protocol import connect_to_own

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
CHUNK = 65536


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
    """What the agent is told of a command, as in `run`."""
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

    Whoever closes it ends the command: the agent kills what its client has left.
    """

    def __init__(self, run: Path, asked: Mapping[str, Any], fds: Sequence[int] = (0, 1, 2)) -> None:
        self._agent = _connected(run / "agent.sock")
        self._rest = b""
        socket.send_fds(self._agent, [json.dumps(asked).encode() + b"\n"], list(fds))

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fileno(self) -> int:
        """What becomes readable when there is something to hear."""
        return self._agent.fileno()

    def signal(self, number: int) -> None:
        """Send the command's process group a signal."""
        self._agent.sendall(json.dumps({"type": "signal", "number": number}).encode() + b"\n")

    def hear(self) -> int | None:
        """Take what the agent says: the exit status, if it is that; AgentGone if the command never ran."""
        data = self._agent.recv(CHUNK)
        if not data:
            raise AgentGone("the fabric agent ended")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for message in map(json.loads, lines):
            if message["type"] == "exited":
                if message.get("error"):
                    raise AgentGone(message["error"])
                return int(message["status"])
        return None

    def wait(self) -> int:
        """Wait for the exit status."""
        while (status := self.hear()) is None:
            pass
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

    `bind` are the interfaces that it gets for itself, by their ids, and the MTU of each.
    """
    asked = request(guest, argv, tty=tty, env=env, cwd=cwd, bind=bind)
    if tty:
        return _run_on_terminal(run, asked, stdin, stdout)
    with Command(run, asked, (stdin, stdout, stderr)) as command, _forwarding(command):
        return command.wait()


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
def _forwarding(command: Command) -> Iterator[None]:
    """Pass signals on to the command while it runs."""
    before = {}
    with contextlib.suppress(ValueError):  # only the main thread has signals to pass on
        before = {
            number: signal.signal(number, lambda number, _frame: command.signal(number))
            for number in FORWARDED
        }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run_on_terminal(run: Path, asked: Mapping[str, Any], stdin: int, stdout: int) -> int:
    """Give the command a terminal of its own, and relay between it and ours."""
    ours, theirs = os.openpty()
    _copy_size(stdin, ours)
    try:
        command = Command(run, asked, (theirs, theirs, theirs))
    finally:
        os.close(theirs)
    resize = signal.signal(signal.SIGWINCH, lambda _number, _frame: _copy_size(stdin, ours))
    try:
        with command, _raw(stdin), _forwarding(command):
            _relay(stdin, stdout, ours)
            return command.wait()
    finally:
        signal.signal(signal.SIGWINCH, resize)
        os.close(ours)


@contextlib.contextmanager
def _raw(fd: int) -> Iterator[None]:
    """Have every key reach the command as it is, if we have a terminal."""
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    terminal.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _copy_size(source: int, target: int) -> None:
    """Make the command's terminal as large as ours."""
    with contextlib.suppress(OSError):
        size = fcntl.ioctl(source, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(target, termios.TIOCSWINSZ, size)


def _relay(stdin: int, stdout: int, terminal_fd: int) -> None:
    """Copy both ways until the command's side of the terminal is closed."""
    sources = [stdin, terminal_fd]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal_fd in ready:
            try:
                data = os.read(terminal_fd, CHUNK)
            except OSError:  # EIO: the last process on the terminal has gone
                return
            _write(stdout, data)
        if stdin in ready:
            data = os.read(stdin, CHUNK)
            if data:
                _write(terminal_fd, data)
            else:
                sources.remove(stdin)
                _write(terminal_fd, b"\x04")


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2], sys.argv[3:], tty=os.isatty(0)))
