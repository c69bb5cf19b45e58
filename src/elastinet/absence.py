"""The fabric's absence: its instances have ended with it, and after some time they count as lost."""

import asyncio
import time
from collections.abc import Callable

AWAY_SECONDS = 60.0


class Absence:
    """From the moment at which the fabric was last known to have all, until it has all again.

    An agent that comes and goes without ever getting there is as good as none.
    """

    def __init__(self, on_lost: Callable[[], None], seconds: float = AWAY_SECONDS) -> None:
        self._on_lost, self._seconds = on_lost, seconds
        self._since: float | None = None
        self._is_up = False

    def down(self) -> None:
        """Hear that the fabric is not there, or not yet."""
        self._is_up = False
        if self._since is None:
            self._since = time.monotonic()
            asyncio.get_running_loop().call_later(self._seconds, self._judge)
        self._judge()

    def up(self) -> None:
        """Hear that the fabric has come; what it can do is yet to be seen."""
        self._is_up = True

    def over(self) -> None:
        """Hear that the fabric has all that is wanted."""
        self._since = None

    def _judge(self) -> None:
        lasted = self._since is not None and time.monotonic() - self._since >= self._seconds
        if lasted and not self._is_up:
            self._on_lost()
