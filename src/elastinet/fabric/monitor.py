"""Hears when someone other than the router changes its namespace."""

import errno
import socket
import struct

from elastinet.fabric import rtnl
from elastinet.fabric.netlink import parse

GROUPS = 0x1 | 0x4 | 0x10 | 0x40 | 0x80
"""Links, neighbours, IPv4 addresses, IPv4 routes, IPv4 rules."""
BUFFER = 1 << 20
IFNAME_OFFSET = struct.calcsize("=BxHiII")


class Monitor:
    """A multicast socket in the namespace of the thread that makes it."""

    def __init__(self, own_port: int) -> None:
        self._own = own_port
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self._socket.bind((0, GROUPS))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to watch."""
        return self._socket.fileno()

    def hears_others(self) -> bool:
        """Read what waits; true if any of it was not the router's own doing, or was too much to be kept."""
        found = False
        while True:
            try:
                data = self._socket.recv(BUFFER)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                found = True
                continue
            found |= any(self._is_others(kind, port) for kind, port, _ in parse(data))

    def _is_others(self, kind: int, port: int) -> bool:
        """Whether a change is news; of the kernel's own (port 0), such as carriers, only a lost link is."""
        return port != self._own and (port != 0 or kind == rtnl.DELLINK)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
