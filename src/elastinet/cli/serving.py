"""The process of a server, here or in the background, and the wait until it is ready."""

import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from elastinet.cli.calling import call
from elastinet.cli.common import CommandFailure
from elastinet.serve import logs, places
from elastinet.serve.supervisor import Supervisor

PATIENCE_SECONDS = 20
CHILD_SECONDS = 2
FORMAT = "%(asctime)s start %(levelname)s %(message)s"


def become_daemon(supervisor: Supervisor, path: Path) -> None:
    """Go on in the background: a session of our own, the log instead of the terminal."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    code = 1
    try:
        code = _logged(supervisor, logs.Keeper(path), null)
    finally:
        os._exit(code)


def serve_here(supervisor: Supervisor, path: Path) -> int:
    """Serve in this process; the log goes to the terminal, too. Gives the exit code."""
    terminal = os.dup(2)
    return _logged(supervisor, logs.Keeper(path, terminal), terminal)


def _logged(supervisor: Supervisor, keeper: logs.Keeper, after: int) -> int:
    """Serve while a keeper has all that is said; afterwards it goes where a descriptor leads."""
    for target in (1, 2):
        os.dup2(keeper.pipe, target)
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    try:
        return supervisor.serve()
    except Exception:
        logging.getLogger(__name__).exception("the server has a fault of its own")
        return 1
    finally:
        for target in (1, 2):
            os.dup2(after, target)
        keeper.close()


def wait_for_child(server: places.Server, log: BinaryIO, before: int, pid: int) -> None:
    """Wait until a server in the background is healthy; raises CommandFailure with what it has said."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            raise CommandFailure(f"the server ended at once: {_last_line(log, before)}")
        if is_healthy(server):
            return
        time.sleep(0.02)
    raise CommandFailure(f"the server was not ready after {PATIENCE_SECONDS} s: {_last_line(log, before)}")


def wait_healthy(server: places.Server) -> None:
    """Wait until a server is healthy; raises CommandFailure if it ends before."""
    while not is_healthy(server):
        if not places.is_alive(server.pid):
            raise CommandFailure("the server ended before it was ready")
        time.sleep(0.02)


def is_healthy(server: places.Server) -> bool:
    """True if a server answers that it is ready."""
    try:
        with call(server, "GET", "/_elastinet/health", timeout=2):
            return True
    except OSError:
        return False


def end(server: places.Server) -> None:
    """Have a server end."""
    with suppress(ProcessLookupError):
        os.kill(server.pid, signal.SIGTERM)


def stop(server: places.Server) -> None:
    """End a server that was started here, and wait until it is gone."""
    end(server)
    over = time.monotonic() + PATIENCE_SECONDS
    while places.is_alive(server.pid) and time.monotonic() < over:
        time.sleep(0.02)


def ended(child: int) -> int:
    """The exit code of a child of ours, which is interrupted if it goes on without the server."""
    over = time.monotonic() + CHILD_SECONDS
    while (found := os.waitpid(child, os.WNOHANG))[0] == 0:
        if time.monotonic() > over:
            os.kill(child, signal.SIGTERM)
            found = os.waitpid(child, 0)
            break
        time.sleep(0.02)
    return os.waitstatus_to_exitcode(found[1])


def _last_line(log: BinaryIO, before: int) -> str:
    """The end of what this start has logged; the file is still open here when the server has removed it."""
    log.seek(before)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("elastinet: ") if lines else "its log is empty"
