"""Servers of the EC2 API: ours, and two others as they are installed."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from bench.endpoint import Endpoint
from served import Served

PEER = str(Path(__file__).parents[2] / ".venv" / "peer" / "bin" / "python")
"""Its requirements do not agree with ours; `make bench` installs them."""


class Installed(Served):
    """A server in a process that has begun anew: one that was forked would have all of its modules already."""

    before = ("/usr/bin/env",)


@contextmanager
def elastinet(kept: str = "") -> Iterator[Endpoint]:
    """Our server as it is installed, its state in a file: in a folder that is kept, or in one of its own."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(kept or f"{folder}/state")
        state.mkdir(exist_ok=True)
        served = Installed(Path(folder), state=str(state), quotas="unlimited")
        at = Endpoint(served.url, served.process.pid)
        try:
            yield at
        finally:
            at.close()
            served.stop()


@contextmanager
def other(command: list[str], port: int, **variables: str) -> Iterator[Endpoint]:
    """Another's server as it is installed."""
    environ = os.environ | variables
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environ)
    try:
        wait(port)
        at = Endpoint(f"http://127.0.0.1:{port}", process.pid)
        yield at
        at.close()
    finally:
        process.terminate()
        process.wait()


def moto() -> AbstractContextManager[Endpoint]:
    """Moto: the library that most tests of AWS code use, as a server."""
    port = free()
    return other(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        port,
        MOTO_CALL_RESET_API="false",
    )


def ministack() -> AbstractContextManager[Endpoint]:
    """MiniStack: it checks no rule, and keeps nothing."""
    port = free()
    own = {"MINISTACK_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    return other([PEER, "-m", "ministack"], port, **own)


SERVERS: Mapping[str, Callable[[], AbstractContextManager[Endpoint]]] = {
    "elastinet": elastinet,
    "ministack": ministack,
    "moto": moto,
}


@contextmanager
def all_servers() -> Iterator[dict[str, Endpoint]]:
    """One of each, furnished."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(serve()) for name, serve in SERVERS.items()}
        for at in found.values():
            at.furnish()
        yield found


def free() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def wait(port: int) -> None:
    """Wait until something listens."""
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("another's server does not start")
