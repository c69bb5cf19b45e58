"""The agent's event loop: descriptors, timers, and calls from worker threads.

What a callback could not do, because this machine lacks something, is said and never ends the loop.
"""

import contextlib
import heapq
import itertools
import os
import selectors
import sys
import time
from collections import deque
from collections.abc import Callable

Call = Callable[[], None]
FIRST_PAUSE, LAST_PAUSE = 0.05, 5.0
"""For how many seconds a descriptor is left alone whose callback has failed: it would be ready at once."""


class Lost(Exception):
    """Something that the agent cannot run without is gone; the message says what."""


def complain(sentence: str) -> None:
    """Say in the server's log what went wrong."""
    print(f"elastinet agent: {sentence}", file=sys.stderr, flush=True)


class Loop:
    """Runs every callback in one thread, so that the agent's state needs no locks."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._calls: deque[Call] = deque()
        self._paused: dict[int, Call] = {}
        self._pauses: dict[int, float] = {}
        self._wake_in, self._wake_out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.watch(self._wake_in, lambda: self._drain())

    @property
    def wake_fd(self) -> int:
        """A descriptor that wakes the loop when written to; signals use it."""
        return self._wake_out

    def watch(self, fd: int, callback: Call) -> None:
        """Call back whenever a descriptor has something to read."""
        self._selector.register(fd, selectors.EVENT_READ, callback)

    def forget(self, fd: int) -> None:
        """Watch a descriptor no more."""
        self._paused.pop(fd, None)
        self._pauses.pop(fd, None)
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def later(self, seconds: float, callback: Call) -> None:
        """Call back after a while."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback))

    def soon(self, callback: Call) -> None:
        """Call back in the loop's thread; any thread may ask."""
        self._calls.append(callback)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_out, b".")

    def run(self) -> None:
        """Run for ever."""
        while True:
            for key, _events in self._selector.select(self._wait()):
                if self._selector.get_map().get(key.fd) == key:  # nobody has forgotten it meanwhile
                    self._answer(key.fd, key.data)
            while self._calls:
                _attempt(self._calls.popleft())
            while self._timers and self._timers[0][0] <= time.monotonic():
                _attempt(heapq.heappop(self._timers)[2])

    def _answer(self, fd: int, callback: Call) -> None:
        """Call back for a descriptor; one whose callback fails rests, each time longer."""
        if _attempt(callback):
            self._pauses.pop(fd, None)
        elif self._selector.get_map().get(fd) is not None:
            self._pauses[fd] = min(self._pauses.get(fd, FIRST_PAUSE / 2) * 2, LAST_PAUSE)
            self._selector.unregister(fd)
            self._paused[fd] = callback
            self.later(self._pauses[fd], lambda: self._resume(fd, callback))

    def _resume(self, fd: int, callback: Call) -> None:
        """Watch a descriptor again, unless it has been forgotten meanwhile."""
        if self._paused.get(fd) is callback:
            del self._paused[fd]
            self.watch(fd, callback)

    def _wait(self) -> float | None:
        if self._calls:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_in, 4096)


def _attempt(call: Call) -> bool:
    """Call; what the machine refuses is said and comes to false."""
    try:
        call()
    except OSError as error:
        complain(str(error))
        return False
    return True
