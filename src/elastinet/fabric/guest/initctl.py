"""Requests to an init of System V: what `shutdown`, `telinit` and `systemctl poweroff` write to /run/initctl.

They are a hostile guest's to send, but all that they do is what its root may do by reboot(2).
"""

import struct
from typing import Literal

REQUEST = struct.Struct("=Iii372x")
"""A magic number, a command, a run level, and what is for other commands (initreq.h of sysvinit)."""
MAGIC, RUN_LEVEL = 0x03091969, 1
GRACE_SECONDS = 1.0
"""How long programs have to end after SIGTERM."""
Asked = Literal["power-off", "reboot"]
LEVELS: dict[int, Asked] = {ord("0"): "power-off", ord("6"): "reboot"}


def asked(data: bytes) -> Asked | None:
    """The first of the requests that ends a boot; None for no such."""
    whole = len(data) - len(data) % REQUEST.size
    for magic, command, level in REQUEST.iter_unpack(data[:whole]):
        if (magic, command) == (MAGIC, RUN_LEVEL) and level in LEVELS:
            return LEVELS[level]
    return None
