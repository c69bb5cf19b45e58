"""Hears when someone other than the router changes its namespace."""

import errno
import socket
import struct

from elastinet.fabric.kernel import observe, rtnl
from elastinet.fabric.kernel.netlink import NetlinkSocket, attributes, parse
from elastinet.fabric.kernel.rtmessages import ifinfmsg
from elastinet.fabric.router.router import Router

GROUPS = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000
"""Links, neighbours; addresses, routes and rules of IPv4, then of IPv6."""
BUFFER = 1 << 20


class Monitor:
    """A multicast socket in the namespace of the thread that makes it."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._doubted: set[int] = set()
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        try:
            self._socket.bind((0, GROUPS))
            self._links = NetlinkSocket()
        except OSError:
            self._socket.close()
            raise
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """The descriptor to watch."""
        return self._socket.fileno()

    @property
    def doubts(self) -> bool:
        """True if a link was said to be down: by somebody else, or its router is about to set it up."""
        return bool(self._doubted)

    def hears_others(self) -> bool:
        """Read what waits; true if any of it was not the router's own doing, or was too much to be kept.

        Links that were said to be down are doubted only: ask `is_any_down`, once the router has no work.
        """
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
            for kind, port, body in parse(data):
                found |= self._is_others(kind, port, body)

    def _is_others(self, kind: int, port: int, body: bytes) -> bool:
        """True if a change is not the router's own: a link's by its index and state, others by their port."""
        if kind in (rtnl.NEWADDR, rtnl.DELADDR) and body[0] == socket.AF_INET6:
            return self._is_strange(kind, body)
        if kind not in (rtnl.NEWLINK, rtnl.DELLINK):
            return port not in (0, self._router.port)
        _family, _kind, index, flags, _change = struct.unpack_from("=BxHiII", body)
        if index in self._router.ending:
            self._router.ending -= {index} if kind == rtnl.DELLINK else set()
            return False
        if not flags & rtnl.UP and self._router.holds_up(index):
            self._doubted.add(index)
        return kind == rtnl.DELLINK

    def is_any_down(self) -> bool:
        """True if a link that was said to be down is so still: of its birth one is told late."""
        doubted, self._doubted = self._doubted, set()
        return not all(map(self._is_up, doubted))

    def _is_up(self, index: int) -> bool:
        question = rtnl.encoded(rtnl.GETLINK, 0, ifinfmsg, {"index": index}, [])
        try:
            body = self._links.get(question)
        except OSError:
            return False
        return bool(struct.unpack_from("=BxHiII", body)[3] & rtnl.UP)

    def _is_strange(self, kind: int, body: bytes) -> bool:
        """True if an IPv6 address came or went that should not; the kernel does not say who did it."""
        _family, prefix, _flags, _scope, index = struct.unpack_from("=BBBBI", body)
        address = socket.inet_ntop(socket.AF_INET6, dict(attributes(body, 8))[1])
        if index in self._router.ending or address in observe.NOT_OURS:
            return False
        return self._router.wants(index, address, prefix) != (kind == rtnl.NEWADDR)

    def close(self) -> None:
        """Close the sockets."""
        self._socket.close()
        self._links.close()
