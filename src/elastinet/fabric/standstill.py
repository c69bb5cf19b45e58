"""A guest whose processes all stand still, so that none slips away into a new one while one looks."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from elastinet.fabric import kernel
from elastinet.fabric.holders import processes


def newest() -> str:
    """The last process id that was given, to a process or thread of any guest or of the agent's."""
    return Path("/proc/loadavg").read_text(encoding="utf-8").split()[-1]


@contextmanager
def standstill(init: int) -> Iterator[None]:
    """Have all of a guest's processes stopped; those that were not before go on afterwards."""
    resting = set(filter(_is_stopped, processes(init)))
    _stop_all(init)
    try:
        yield
    finally:
        for pid in set(processes(init)) - resting:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _stop_all(init: int) -> None:
    """Stop all processes of a guest at once but its init, by one call that no fork slips through."""
    inside = os.pidfd_open(init)
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    kernel.setns(inside, kernel.CLONE_NEWPID)
    stopper = os.fork()
    if not stopper:
        with suppress(ProcessLookupError):  # nobody is there
            os.kill(-1, signal.SIGSTOP)
        os._exit(0)
    kernel.setns(home, kernel.CLONE_NEWPID)
    os.waitpid(stopper, 0)
    for fd in (inside, home):
        os.close(fd)


def _is_stopped(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return status.rpartition(")")[2].split()[0] in "Tt"
    return False
