"""Guests that reboot by themselves: at once, unless they do it again and again."""

import signal

REBOOTED = 128 + signal.SIGHUP
"""Exit status of an init when the guest reboots; any other ends the guest: SIGINT's is what
power-off and halt look like."""
FIRST_SECONDS, LAST_SECONDS = 0.1, 10.0
QUICK_SECONDS = 10.0
"""Seconds of running after which a reboot no longer counts as caused by the boot itself."""
TROUBLE_SECONDS = 1.0


class Reboots:
    """Number of quick reboots in a row, by guest."""

    def __init__(self) -> None:
        self._quick: dict[str, int] = {}

    def pause(self, guest: str, up_seconds: float) -> float:
        """Seconds to wait before a guest starts again: doubled with each quick reboot in a row."""
        quick = self._quick.get(guest, 0) if up_seconds < QUICK_SECONDS else 0
        self._quick[guest] = quick + 1
        return min(FIRST_SECONDS * 2.0 ** min(quick, 10), LAST_SECONDS)

    def forget(self, guest: str) -> None:
        """A guest has ended otherwise."""
        self._quick.pop(guest, None)
