"""What an instance's first process is asked for: signals, and what programs write to /run/initctl.

`shutdown`, `telinit` and `systemctl poweroff` write requests to an init of System V; `busybox poweroff`,
service managers and people send signals. Our own init reports the signal by the same pipe. All of it is a
hostile guest's to send, but all that it does is what its root may do by reboot(2).
"""

import signal
import struct
from typing import Literal

REQUEST = struct.Struct("=Iii12xi356x")
"""A magic number, a command, a run level, and what is for other commands (initreq.h of sysvinit).

Our own init's is a report: behind the command is what signal(7) calls a siginfo_t, here with its signal
and the process that has sent it, 0 for one outside of the instance.
"""
MAGIC, RUN_LEVEL, REPORT = 0x03091969, 1, 64
GRACE_SECONDS = 5.0
"""How long programs have to end after SIGTERM, as by System V's init."""
Asked = Literal["power-off", "reboot"]
LEVELS: dict[int, Asked] = {ord("0"): "power-off", ord("6"): "reboot"}
SHUT_DOWN = signal.SIGRTMIN + 4
SIGNALS: dict[int, Asked] = {
    signal.SIGUSR1: "power-off",  # busybox halt
    signal.SIGUSR2: "power-off",  # busybox poweroff
    signal.SIGTERM: "reboot",  # busybox reboot
    signal.SIGINT: "reboot",  # Ctrl-Alt-Del
    signal.SIGPWR: "power-off",
    signal.SIGRTMIN + 3: "power-off",  # these three are systemd's
    SHUT_DOWN: "power-off",
    signal.SIGRTMIN + 5: "reboot",
}
"""What a signal asks an init for. SIGTERM from outside is how containers are stopped."""
INSIDE = 64
"""What our init's exit code has above the signal, if it came from inside."""


def asked(data: bytes) -> Asked | None:
    """The first of the requests that ends a boot; None for no such."""
    whole = len(data) - len(data) % REQUEST.size
    for magic, command, value, sender in REQUEST.iter_unpack(data[:whole]):
        found = LEVELS.get(value) if command == RUN_LEVEL else None
        if command == REPORT:
            found = by_signal(value, is_inside=sender != 0)
        if magic == MAGIC and found:
            return found
    return None


def by_signal(number: int, *, is_inside: bool) -> Asked | None:
    """What a signal asks for, from inside or outside of the instance; None for one that is no request."""
    if number == signal.SIGTERM and not is_inside:
        return "power-off"
    return SIGNALS.get(number)


def by_exit(status: int) -> Asked | None:
    """What our own init has ended for, by its exit code; None for no such."""
    return by_signal(status % INSIDE, is_inside=status >= INSIDE) if status < 2 * INSIDE else None
