"""Programs for tests that run them often: their modules are imported once, not for each command."""

import atexit
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from forking import PID

AWS = shutil.which("aws", path=str(Path(sys.executable).parent))
PATIENCE = 60.0


class Forked:
    """A program that forks for each command; each is a process with an environment and a folder of its own."""

    def __init__(self, name: str) -> None:
        self._ask, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.name = name
        program = str(Path(__file__).with_name(f"{name}_forks.py"))
        with theirs:
            fd = theirs.fileno()
            self._process = subprocess.Popen([sys.executable, program, str(fd)], pass_fds=(fd,))

    def run(
        self, words: list[str], environ: dict[str, str], cwd: str = "/"
    ) -> "subprocess.CompletedProcess[str]":
        """Run the program with some words and wait for its end. Any thread may ask."""
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
            process = self.start(words, environ, cwd, (out.fileno(), err.fileno()))
            try:
                code = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                raise AssertionError(
                    f"{self.name} {' '.join(words)} has not ended by itself: {_text(err)}"
                ) from None
            assert code >= 0, f"{self.name} {' '.join(words)} was killed: {_text(err)}"
            return subprocess.CompletedProcess([self.name, *words], code, _text(out), _text(err))

    def start(
        self,
        words: list[str],
        environ: dict[str, str],
        cwd: str = "/",
        output: tuple[int, int] = (1, 2),
        given: tuple[int, ...] = (),
    ) -> "ForkedProcess":
        """Start the program; FD among its words stands for the descriptor that it is given."""
        heard, told = os.pipe()
        try:
            asked = json.dumps([words, environ, cwd]).encode()
            socket.send_fds(self._ask, [asked], [*output, told, *given])
        finally:
            os.close(told)
        return ForkedProcess(heard)

    def close(self) -> None:
        """Ask no more."""
        self._ask.close()
        self._process.wait(PATIENCE)


class ForkedProcess:
    """One run of such a program, as subprocess has it."""

    def __init__(self, heard: int) -> None:
        self._end = open(heard, "rb", buffering=0)  # noqa: SIM115
        (self.pid,) = PID.unpack(self._end.read(PID.size))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give its exit code; -9 for one that was killed."""
        if self.returncode is None:
            ready, _, _ = select.select([self._end], [], [], timeout)
            if not ready:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            code = self._end.read(1)
            self.returncode = code[0] if code else -signal.SIGKILL
            self._end.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@functools.cache
def forked(name: str) -> Forked:
    """A program, `aws`, `elastinet` or `server`, until the tests end."""
    program = Forked(name)
    atexit.register(program.close)
    return program
