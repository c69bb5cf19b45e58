"""The agent's event loop: descriptors, timers, and calls from worker threads."""

import contextlib
import heapq
import itertools
import os
import selectors
import time
from collections import deque
from collections.abc import Callable

Call = Callable[[], None]


class Loop:
    """Runs every callback in one thread, so that the agent's state needs no locks."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._calls: deque[Call] = deque()
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
                    key.data()
            while self._calls:
                self._calls.popleft()()
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()

    def _wait(self) -> float | None:
        if self._calls:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_in, 4096)
