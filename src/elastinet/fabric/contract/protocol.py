"""Lines of JSON on a Unix stream socket, some of them with file descriptors."""

import array
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

MAX_FDS = 16
SPACE = socket.CMSG_SPACE(MAX_FDS * array.array("i").itemsize)
CHUNK = 1 << 18


def peer_user(connection: socket.socket) -> int:
    """The user at the other end of a Unix socket, as this user namespace knows him."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def connect_to_own(path: Path) -> socket.socket:
    """Connect to a Unix socket on which a process of this same user, or root's, listens; raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
        if peer_user(connection) not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, "somebody else listens there")
    except OSError:
        connection.close()
        raise
    return connection


class Inbox:
    """Bytes and descriptors as they come, taken out again line by line."""

    def __init__(self) -> None:
        self.fds: list[int] = []
        self._rest = bytearray()

    def fill(self, connection: socket.socket) -> bool:
        """Take what waits on the socket; false when its peer has closed it, OSError for lost descriptors."""
        data, ancillary, flags, _address = connection.recvmsg(CHUNK, SPACE, socket.MSG_CMSG_CLOEXEC)
        self.fds.extend(received(ancillary))
        if flags & socket.MSG_CTRUNC:  # whose descriptor is whose could not be told any more
            raise OSError(errno.EMFILE, "there was no room for all descriptors of a message")
        self._rest += data
        return bool(data)

    def lines(self) -> Iterator[bytes]:
        """Give every whole line, without its end."""
        while (end := self._rest.find(b"\n")) >= 0:
            line = bytes(self._rest[:end])
            del self._rest[: end + 1]
            yield line

    def close(self) -> None:
        """Close the descriptors that nobody took."""
        for fd in self.fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self.fds.clear()


def received(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    """Give the descriptors in the ancillary data of one recvmsg."""
    found: list[int] = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            found.extend(numbers)
    return found


def attach(fds: tuple[int, ...]) -> "list[tuple[int, int, array.array[int]]]":
    """Give the ancillary data that carries descriptors to the peer."""
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
