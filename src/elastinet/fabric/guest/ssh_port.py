"""An instance's ssh server: its port, and the script that prepares and becomes it."""

import socket
from functools import cache
from pathlib import Path

PORT, WAITING = 22, 16
PREPARE, LISTEN, SESSION = "prepare", "listen", "session"
"""What the script is to do: make keys and settings, and then be the server, or one session's."""


@cache
def script() -> str:
    """What an instance does for its ssh server."""
    return Path(__file__).with_name("ssh.sh").read_text(encoding="utf-8")


def open_door() -> socket.socket:
    """Listen at the port, in the network namespace of this thread."""
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    return socket.create_server(
        ("", PORT), family=family, backlog=WAITING, dualstack_ipv6=family == socket.AF_INET6
    )
