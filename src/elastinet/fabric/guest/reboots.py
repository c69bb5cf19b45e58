"""Guests that reboot by themselves: at once, unless they do it again and again."""

import signal

REBOOTED = 128 + signal.SIGHUP
"""How an init ends when the kernel was asked inside for a restart; all else is the end: SIGINT is what
power-off and halt look like."""
FIRST_SECONDS, LAST_SECONDS = 0.1, 10.0
QUICK_SECONDS = 10.0
"""Who was up for longer has not rebooted because of what its boot does."""
TROUBLE_SECONDS = 1.0


class Reboots:
    """How many times in a row each guest has rebooted soon."""

    def __init__(self) -> None:
        self._quick: dict[str, int] = {}

    def pause(self, guest: str, up_seconds: float) -> float:
        """How long a guest that has rebooted rests: twice as long each time that it does so soon."""
        quick = self._quick.get(guest, 0) if up_seconds < QUICK_SECONDS else 0
        self._quick[guest] = quick + 1
        return min(FIRST_SECONDS * 2.0 ** min(quick, 10), LAST_SECONDS)

    def forget(self, guest: str) -> None:
        """A guest has ended otherwise."""
        self._quick.pop(guest, None)
