"""Sockets that the agent opens inside a namespace for somebody outside of it."""

import socket
from collections.abc import Callable

from elastinet.fabric.contract.messages import Open
from elastinet.fabric.kernel import kernel
from elastinet.fabric.kernel.worker import start_thread

CONNECT_SECONDS = 5
ETH_P_ALL = 3
Done = Callable[[socket.socket | None, str], None]
"""Gets the socket, or why there is none."""


def open_inside(namespace: int, request: Open, done: Done) -> None:
    """Open what a request asks for in a network namespace, in a thread of its own; may raise OSError."""
    start_thread(lambda: _open(namespace, request, done))


def _open(namespace: int, request: Open, done: Done) -> None:
    try:
        kernel.setns(namespace, kernel.CLONE_NEWNET)
        opened = _packets(request.device) if request.device else _connected(request)
    except OSError as error:
        done(None, str(error))
    else:
        done(opened, "")


def _packets(device: str) -> socket.socket:
    """A socket that sees every frame of a device."""
    # Bound at once to its device: before that, it would hear all of them.
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind((device, ETH_P_ALL))
    return opened


def _connected(request: Open) -> socket.socket:
    kind = socket.SOCK_DGRAM if request.udp else socket.SOCK_STREAM
    opened = socket.socket(socket.AF_INET, kind)
    opened.settimeout(CONNECT_SECONDS)
    try:
        opened.connect((request.host, request.port))
    except OSError:
        opened.close()
        raise
    opened.settimeout(None)
    return opened
