"""The agent's event loop: descriptors, timers, and calls from worker threads.

A callback's exception is logged and never ends the loop. One that this machine refuses (OSError) is one line;
any other is a fault of ours: its traceback is logged, and who asked for the callback is told.
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
from dataclasses import dataclass

Call = Callable[[], None]


@dataclass(frozen=True)
class GuestConcern:
    """A callback is about a guest: a fault in it ends this guest, which is started anew."""

    id: str


@dataclass(frozen=True)
class NamespaceConcern:
    """A callback is about a namespace: after a fault in it all of the namespace is compared anew."""

    id: str


Concern = GuestConcern | NamespaceConcern | None
"""What a callback is about; None for nothing that could be made anew."""
OnFault = Callable[[Concern, Exception], None]
"""Is told of a fault, and of what its callback was about."""
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
        self.on_fault: OnFault = lambda about, error: None
        self._timers: list[tuple[float, int, Call, Concern]] = []
        self._order = itertools.count()
        self._calls: deque[tuple[Call, Concern]] = deque()
        self._paused: dict[int, tuple[Call, Concern]] = {}
        self._pauses: dict[int, float] = {}
        self._wake_in, self._wake_out = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.watch(self._wake_in, lambda: self._drain())

    @property
    def wake_fd(self) -> int:
        """A descriptor that wakes the loop when written to; signals use it."""
        return self._wake_out

    def watch(self, fd: int, callback: Call, about: Concern = None) -> None:
        """Call back whenever a descriptor has something to read."""
        self._selector.register(fd, selectors.EVENT_READ, (callback, about))

    def forget(self, fd: int) -> None:
        """Watch a descriptor no more."""
        self._paused.pop(fd, None)
        self._pauses.pop(fd, None)
        with contextlib.suppress(KeyError):
            self._selector.unregister(fd)

    def later(self, seconds: float, callback: Call, about: Concern = None) -> None:
        """Call back after a while."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), callback, about))

    def soon(self, callback: Call, about: Concern = None) -> None:
        """Call back in the loop's thread; any thread may ask."""
        self._calls.append((callback, about))
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_out, b".")

    def run(self) -> None:
        """Run for ever."""
        while True:
            for key, _events in self._selector.select(self._wait()):
                if self._selector.get_map().get(key.fd) == key:  # nobody has forgotten it meanwhile
                    self._answer(key.fd, *key.data)
            while self._calls:
                self.attempt(*self._calls.popleft())
            while self._timers and self._timers[0][0] <= time.monotonic():
                self.attempt(*heapq.heappop(self._timers)[2:])

    def attempt(self, call: Call, about: Concern = None) -> bool:
        """Call; an exception is logged and comes to False. A fault is told with what the call was about."""
        try:
            call()
        except Lost:
            raise
        except OSError as error:
            complain(str(error))
        except Exception as error:
            import traceback  # which nobody needs else

            complain("a fault: " + "".join(traceback.format_exception(error)).rstrip())
            self.on_fault(about, error)
        else:
            return True
        return False

    def _answer(self, fd: int, callback: Call, about: Concern) -> None:
        """Call back for a descriptor; one whose callback fails rests, each time longer."""
        if self.attempt(callback, about):
            self._pauses.pop(fd, None)
        elif self._selector.get_map().get(fd) is not None:
            self._pauses[fd] = min(self._pauses.get(fd, FIRST_PAUSE / 2) * 2, LAST_PAUSE)
            self._selector.unregister(fd)
            self._paused[fd] = callback, about
            self.later(self._pauses[fd], lambda: self._resume(fd, callback))

    def _resume(self, fd: int, callback: Call) -> None:
        """Watch a descriptor again, unless it has been forgotten meanwhile."""
        paused = self._paused.get(fd)
        if paused is not None and paused[0] is callback:
            del self._paused[fd]
            self.watch(fd, *paused)

    def _wait(self) -> float | None:
        if self._calls:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_in, 4096)
