"""systemd as an instance's first process, where its image has it and this machine gives it what it needs.

It needs control groups of version 2 that it divides by itself. It shuts down at SIGRTMIN+4, as our own
init does, and ends like every init that reboots or powers off.
"""

import os
from typing import Literal, NoReturn

from elastinet.fabric.kernel import privileges

PROGRAM = "/sbin/init"
CONTAINER = "elastinet"
"""Without a name in this variable it looks for devices and file systems of a machine's own."""
NO_GROUPS = "systemd needs control groups of version 2 for itself: instances of root's server have them"
NO_SYSTEMD = "its image has no systemd"
Wanted = Literal["auto", "systemd", "plain"]


def lacks(*, has_systemd: bool, divides: bool) -> str:
    """Why systemd cannot be the first process of a guest, "" if it can."""
    if not has_systemd:
        return NO_SYSTEMD
    return "" if divides else NO_GROUPS


def is_first(wanted: Wanted, why_not: str) -> bool:
    """Whether systemd is the first process of a guest; raises OSError where it has to be and cannot."""
    if wanted == "systemd" and why_not:
        raise OSError(why_not)
    return wanted != "plain" and not why_not


def become(console: int) -> NoReturn:
    """Be systemd, with the console as its terminal; in the guest's root, as its first process."""
    privileges.place([console] * 3)
    os.execve(PROGRAM, [PROGRAM], {"PATH": privileges.PATH, "container": CONTAINER, "TERM": "linux"})
