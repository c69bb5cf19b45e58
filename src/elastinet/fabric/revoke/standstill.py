"""A guest whose processes all stand still, so that none keeps out of sight what it has while one looks.

One that runs could slip away into a new process. One that waits in a system call may hold a file that is in
no table: as it opens a named pipe, or copies from a descriptor that another thread has closed. Who is held
has left the call, and does it anew, by name and number, when it goes on. Each thread is held as a debugger
does it, so that nobody hears of a signal; signals stop those who cannot be had that way.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from elastinet.fabric.kernel import kernel
from elastinet.fabric.revoke.holders import processes

LOOK_SECONDS, MOST_SECONDS = 0.0005, 5.0
"""Seconds between two looks at whether all stand still, and seconds in all."""
MOST_DEAF_SECONDS = 0.05
"""Seconds to wait for a sleeper that no signal wakes: on a disk, or on a child that shares memory (vfork)."""
MOST_ELUSIVE_SECONDS = 0.03
"""From when on to stop all at once: somebody, perhaps a guest's, is always born, or is traced already."""


def newest() -> str:
    """The last process id that was given, to a process or thread of any guest or of the agent's."""
    return Path("/proc/loadavg").read_text(encoding="utf-8").split()[-1]


@contextmanager
def standstill(init: int) -> Iterator[Callable[[], None]]:
    """Hold a guest's processes for a while, those that come from outside meanwhile too.

    Gives a call that waits until all stand still; it raises TimeoutError where one does not.
    """
    held = Held(init)
    try:
        yield held.wait_for_all
    finally:
        held.release()


class Held:
    """The threads of a guest that this process traces, and the processes that it has stopped."""

    def __init__(self, init: int) -> None:
        self._init = init
        self._traced: set[int] = set()
        self._stopped: set[int] = set()

    def wait_for_all(self) -> None:
        """Hold all who go on, until nobody does, nor has anybody been born while one looked."""
        began, all_stopped = time.monotonic(), False
        while True:
            seconds, before = time.monotonic() - began, newest()
            going = list(self._going(seconds))
            if not going and (all_stopped or newest() == before):
                return
            if seconds > MOST_SECONDS:
                raise TimeoutError("its processes do not stand still")
            if seconds > MOST_ELUSIVE_SECONDS and not all_stopped:
                self._stop_all()
                all_stopped = True
            for tid in going:
                self._hold(tid)
            time.sleep(LOOK_SECONDS)

    def release(self) -> None:
        """Let all go on; children before their parents, so that no shell finds one stopped."""
        for pid in sorted(self._stopped, reverse=True):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for tid in self._traced:
            with suppress(ProcessLookupError):  # it has ended, or is deaf: the end of this process frees it
                kernel.ptrace(kernel.PTRACE_DETACH, tid)

    def _going(self, seconds: float) -> Iterator[int]:
        """The threads that go on after so long."""
        still = "TtZX" if seconds < MOST_DEAF_SECONDS else "TtZXD"
        for pid in processes(self._init):
            yield from (tid for tid, state in _states(pid).items() if state not in still)

    def _hold(self, tid: int) -> None:
        """Have a thread leave what it does; not one that is about to, has ended, or is another's."""
        if tid not in self._traced:
            with suppress(ProcessLookupError, PermissionError):
                kernel.ptrace(kernel.PTRACE_SEIZE, tid)
                self._traced.add(tid)
                kernel.ptrace(kernel.PTRACE_INTERRUPT, tid)

    def _stop_all(self) -> None:
        """Stop all of a guest's processes at once, by one call that no fork slips through, and its init."""
        resting = {pid for pid in processes(self._init) if set(_states(pid).values()) <= {"T"}}
        _run_inside(self._init, lambda: os.kill(-1, signal.SIGSTOP))
        os.kill(self._init, signal.SIGSTOP)
        self._stopped |= set(processes(self._init)) - resting


def _run_inside(init: int, work: Callable[[], None]) -> None:
    """Do something in a process of a guest's PID namespace; nobody may be there."""
    inside = os.pidfd_open(init)
    home = os.open("/proc/self/ns/pid", os.O_RDONLY)
    kernel.setns(inside, kernel.CLONE_NEWPID)
    worker = os.fork()
    if not worker:
        with suppress(ProcessLookupError):
            work()
        os._exit(0)
    kernel.setns(home, kernel.CLONE_NEWPID)
    os.waitpid(worker, 0)
    for fd in (inside, home):
        os.close(fd)


def _states(pid: int) -> dict[int, str]:
    """The states of a process's threads by thread id, as letters of /proc; empty if it has ended."""
    found = {}
    with suppress(FileNotFoundError, ProcessLookupError):
        for tid in os.listdir(f"/proc/{pid}/task"):
            with suppress(FileNotFoundError, ProcessLookupError):
                status = Path(f"/proc/{pid}/task/{tid}/stat").read_text(encoding="utf-8", errors="replace")
                found[int(tid)] = status.rpartition(")")[2].split()[0]
    return found
