"""Programs for tests that run them often: their modules are imported once, not for each command."""

import atexit
import functools
import json
import os
import select
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

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
        heard, told = os.pipe()
        with TemporaryFile("w+") as out, TemporaryFile("w+") as err, open(heard, "rb", buffering=0) as end:
            try:
                asked = json.dumps([words, environ, cwd]).encode()
                socket.send_fds(self._ask, [asked], [out.fileno(), err.fileno(), told])
            finally:
                os.close(told)
            ready, _, _ = select.select([end], [], [], PATIENCE)
            code = end.read(1) if ready else b""
            assert code, f"{self.name} {' '.join(words)} has not ended by itself: {_text(err)}"
            return subprocess.CompletedProcess([self.name, *words], code[0], _text(out), _text(err))

    def close(self) -> None:
        """Ask no more."""
        self._ask.close()
        self._process.wait(PATIENCE)


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@functools.cache
def forked(name: str) -> Forked:
    """A program, `aws` or `elastinet`, until the tests end."""
    program = Forked(name)
    atexit.register(program.close)
    return program
