"""Services of plain instances: a `systemctl` of their own, and the start of those that were enabled.

It works by the scripts of /etc/init.d, and says of a unit without one what to type. It does not read unit
files: a service manager that keeps half of what they ask for would run programs with more power than their
makers meant them to have.
"""

import os
from functools import cache
from pathlib import Path

from elastinet.fabric.guest.trust import Layer

PROGRAM = "/usr/local/bin/systemctl"
"""First in every path; the machine's own stays, for `poweroff` and others are links to it."""
START = (PROGRAM, "start-enabled")
ENABLED = "/var/lib/elastinet/services"
MODE = 0o755


def lay(layer: Layer) -> None:
    """Put the program into a layer of all guests."""
    layer.write(PROGRAM, script(), MODE)


@cache
def script() -> str:
    """Give the program's text."""
    return Path(__file__).with_name("systemctl.sh").read_text(encoding="utf-8")


def are_enabled() -> bool:
    """True if there are services to start; runs in the guest's root."""
    return os.path.isdir(ENABLED)
