"""Bodies of requests, kept whole for as long as there is room for them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from elastinet.model.fault import Fault

MOST_BYTES = 1 << 20
"""Of a call of EC2's API: user data has 16 KiB, the longest list of filters some hundred."""
MOST_PAGE_BYTES = 1 << 16
"""Of elastinet's own pages, which read none; so much is kept of every body."""
MOST_TOGETHER = 1 << 26
"""Of all bodies that come in at the same time, beyond that."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Bodies:
    """Reads bodies; many large ones at once share one room."""

    def __init__(self) -> None:
        self._kept = 0

    async def read(self, receive: Receive, most: int) -> bytes:
        """A whole body; one that is too large is read to its end and let go.

        Raises Fault, and ConnectionAbortedError if the client leaves before its end.
        """
        parts: list[bytes] = []
        size, taken, room = 0, 0, True
        try:
            async for part in _parts(receive):
                size += len(part)
                extra = max(0, min(size, most) - MOST_PAGE_BYTES) - taken
                room = room and self._kept + extra <= MOST_TOGETHER
                if size > most or not room:
                    parts.clear()
                    continue
                self._kept, taken = self._kept + extra, taken + extra
                parts.append(part)
        finally:
            self._kept -= taken
        if size > most:
            raise Fault("RequestEntityTooLarge", f"A request has {most} bytes at the most.", 413)
        if not room:
            raise Fault("RequestLimitExceeded", "Too many large requests come in at once.", 503)
        return b"".join(parts)


async def _parts(receive: Receive) -> Any:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        yield message.get("body", b"")
        more = message.get("more_body", False)
