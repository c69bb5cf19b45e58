"""Limits on connections: their number, of one caller and in all, and the time that each may take.

Where one more would be too many, the one that has waited longest for its client goes: of the same caller, or
of the caller with most. So nobody is kept out by connections on which nothing is asked.
"""

import asyncio
import math
from collections.abc import Hashable
from typing import NamedTuple, Protocol

SWEEP_SECONDS = 1.0
NEVER = math.inf


class Bounds(NamedTuple):
    """A listener's limits: connections in all and of one caller; bytes, seconds and fields of a request."""

    most: int
    of_one: int
    head_bytes: int
    body_bytes: int
    idle_seconds: float
    head_seconds: float = 10
    body_seconds: float = 30
    fields: int = 128


MOST_API, MOST_INSIDE, MOST_METADATA, MOST_OF_AN_INSTANCE = 1024, 1024, 8192, 64
DISCARDED_BYTES = 16 << 20
"""Bytes of a body which is too large that the API still reads, so that its client gets the answer."""


def api_bounds(descriptors: int) -> Bounds:
    """The limits of the API's listener, for a process that may have so many descriptors."""
    most = min(MOST_API, descriptors // 4)
    return Bounds(most, most, head_bytes=1 << 16, body_bytes=DISCARDED_BYTES, idle_seconds=75)


def endpoint_bounds(descriptors: int) -> Bounds:
    """The limits of the API as instances reach it: one address has no more of it than of the metadata."""
    most = min(MOST_INSIDE, descriptors // 8)
    of_one = min(MOST_OF_AN_INSTANCE, most)
    return Bounds(most, of_one, head_bytes=1 << 16, body_bytes=1 << 20, idle_seconds=75)


def metadata_bounds(descriptors: int) -> Bounds:
    """The limits of the metadata service: all instances take at most half of the descriptors."""
    most = min(MOST_METADATA, descriptors // 2)
    of_one = min(MOST_OF_AN_INSTANCE, most)
    return Bounds(most, of_one, head_bytes=1 << 14, body_bytes=1 << 12, idle_seconds=10)


class Connection(Protocol):
    """An open connection, of a caller, with a deadline in the event loop's time."""

    caller: Hashable
    deadline: float

    def expire(self, now: float) -> None:
        """End it, unless it has shown that it goes on."""

    def abort(self) -> None:
        """End it at once."""


class Connections:
    """All that are open, by caller."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._open: dict[Hashable, set[Connection]] = {}
        self._waiting: dict[Hashable, dict[Connection, None]] = {}
        self._count = 0
        self._sweeping = False

    def enter(self, one: Connection) -> bool:
        """Take a connection in that waits for its client; False where there is no place for it."""
        if len(self._open.get(one.caller, ())) >= self.bounds.of_one and not self._evict(one.caller):
            return False
        if self._count >= self.bounds.most and not self._evict(self._largest()):
            return False
        self._open.setdefault(one.caller, set()).add(one)
        self._count += 1
        self.waits(one)
        self._sweep_later()
        return True

    def waits(self, one: Connection) -> None:
        """Note that from now on it waits for its client, if it is here at all."""
        if one in self._open.get(one.caller, ()):
            self._waiting.setdefault(one.caller, {})[one] = None

    def works(self, one: Connection) -> None:
        """Note that its client waits for it."""
        waiting = self._waiting.get(one.caller)
        if waiting is not None:
            waiting.pop(one, None)
            if not waiting:
                del self._waiting[one.caller]

    def leave(self, one: Connection) -> None:
        """Forget a connection, if it is known."""
        self.works(one)
        known = self._open.get(one.caller)
        if known is not None and one in known:
            known.remove(one)
            self._count -= 1
            if not known:
                del self._open[one.caller]

    def _largest(self) -> Hashable:
        return max(self._open, key=lambda caller: len(self._open[caller]))

    def _evict(self, caller: Hashable) -> bool:
        longest = next(iter(self._waiting.get(caller, ())), None)
        if longest is None:
            return False
        self.leave(longest)
        longest.abort()
        return True

    def _sweep_later(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """End what has had its time, and look again as long as there is any."""
        self._sweeping = False
        now = asyncio.get_running_loop().time()
        late = [one for group in self._open.values() for one in group if one.deadline < now]
        for one in late:
            one.expire(now)
        if self._count:
            self._sweep_later()
