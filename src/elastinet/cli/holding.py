"""A server that this process holds: it ends with it, however that ends."""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import Any

import msgspec

from elastinet.cli.calling import call
from elastinet.config import MEMORY
from elastinet.serve.places import Server

HELD = (sys.executable, "-P", "-m", "elastinet.serve.held")
PATIENCE_SECONDS = 60
PLAIN = {
    "host": "127.0.0.1", "port": 0, "unix_socket": "", "tls": False, "expose": False, "outside": "off",
    "state": MEMORY,
}  # fmt: skip
"""What a held server is, whatever the user's configuration says of others."""


class HoldingError(Exception):
    """A server does not start, or does not do what it is asked; the message is one line that says why."""


class HeldServer:
    """A running server on a free port."""

    def __init__(self, settings: dict[str, Any]) -> None:
        with ExitStack() as stack:
            self._log = stack.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                [*HELD, json.dumps(PLAIN | settings, default=str)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                start_new_session=True,  # Ctrl-C is for us, who end it when we need it no more
            )
            stack.callback(self._end)
            self.server = self._announced()
            self._wait()
            self._running = stack.pop_all()

    def stop(self) -> None:
        """End the server and all that is in it."""
        self._running.close()

    def _end(self) -> None:
        pipes = (self._process.stdin, self._process.stdout)
        for pipe in pipes:
            if pipe is not None:
                pipe.close()
        if self._process.poll() is None:
            self._process.terminate()  # a process that we have forked may hold its input, too
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _announced(self) -> Server:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(PATIENCE_SECONDS)
            raise HoldingError(self._last_line())
        return msgspec.json.decode(line, type=Server)

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None:
                raise HoldingError(f"the server ended at once: {self._last_line()}")
            if time.monotonic() > end:
                raise HoldingError(
                    f"the server was not ready after {PATIENCE_SECONDS} s: {self._last_line()}"
                )
            time.sleep(0.02)

    def _is_healthy(self) -> bool:
        try:
            with call(self.server, "GET", "/_elastinet/health", timeout=5):
                return True
        except OSError:
            return False

    def _last_line(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="backslashreplace").strip().splitlines()
        return lines[-1].removeprefix("elastinet: ") if lines else "it said nothing"
