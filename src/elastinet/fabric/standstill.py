"""A guest whose processes all stand still, so that none keeps out of sight what it has while one looks.

One that runs could slip away into a new process. One that waits in a system call may hold a file that is in
no table: as it opens a named pipe, or copies from a descriptor that another thread has closed. Who is stopped
has left the call, and does it anew, by name and number, when it goes on.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from elastinet.fabric import kernel
from elastinet.fabric.holders import processes

LOOK_SECONDS, MOST_SECONDS, MOST_DEAF_SECONDS = 0.0005, 5.0, 0.05
"""How often to look who has stopped yet, how long, and how long at those who sleep deaf to signals.

They wait for a disk, or, as long as that child stands still, for one that shares their memory (vfork).
"""


@contextmanager
def standstill(init: int) -> Iterator[Callable[[], None]]:
    """Have all of a guest's processes stopped; those that were not before go on afterwards.

    Gives a call that waits until all have, the init and what has come from outside meanwhile too; it raises
    TimeoutError where one does not. Children go on before their parents, so that no shell finds one stopped.
    """
    resting = {pid for pid in processes(init) if _states(pid) <= {"T"}}
    try:
        _stop_all(init)
        yield partial(_wait_for_all, init)
    finally:
        for pid in sorted(set(processes(init)) - resting, reverse=True):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _stop_all(init: int) -> None:
    """Stop all processes of a guest at once, but its init, by one call that no fork slips through."""
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


def _wait_for_all(init: int) -> None:
    began = time.monotonic()
    while going := [pid for pid in processes(init) if not _stands(pid, time.monotonic() - began)]:
        if time.monotonic() - began > MOST_SECONDS:
            raise TimeoutError("its processes do not stand still")
        for pid in going:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        time.sleep(LOOK_SECONDS)


def _stands(pid: int, seconds: float) -> bool:
    """Whether no thread of a process, which was to stop so long ago, goes on; those that end do not."""
    return _states(pid) <= set("TtZX" if seconds < MOST_DEAF_SECONDS else "TtZXD")


def _states(pid: int) -> set[str]:
    """What a process's threads are doing, by the letters of /proc; nothing if it has ended."""
    found = set()
    with suppress(FileNotFoundError, ProcessLookupError):
        for tid in os.listdir(f"/proc/{pid}/task"):
            with suppress(FileNotFoundError, ProcessLookupError):
                status = Path(f"/proc/{pid}/task/{tid}/stat").read_text(encoding="utf-8", errors="replace")
                found.add(status.rpartition(")")[2].split()[0])
    return found
