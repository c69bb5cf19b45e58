"""Sockets of a guest that lead to another guest, which is or was found by a name in shared memory.

Names of Unix sockets in the file system are good in all networks, and what is connected stays so.
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Set
from fcntl import ioctl

from elastinet.fabric.kernel import kernel
from elastinet.fabric.kernel.netlink import NetlinkSocket, attributes
from elastinet.fabric.revoke import devicenumber
from elastinet.fabric.revoke.lineage import lineage, owner

SIOCGSKNS = 0x894C
SOCK_DIAG, BY_FAMILY = 4, 20
SHOW_FILE_AND_PEER = 0x2 | 0x4
FILE, PEER, SHUTDOWN = 1, 2, 6
BOTH_WAYS = b"\3"
ALL_STATES = ANY_COOKIE = 0xFFFFFFFF
REQUEST = struct.Struct("=BBHIIIII")
REPLY_BYTES = 16


def leads_out(pid: int, number: int, guest: int, own: Set[int]) -> bool:
    """True if a process's socket is another guest's, or has a name, at either end, that others may know.

    `guest` is a descriptor of the user namespace that owns all that is the guest's, `own` are the devices
    of its own file systems.
    """
    try:
        with socket.socket(fileno=kernel.descriptor_of(pid, number)) as found:
            return _leads_out(found, guest, own)
    except OSError as error:
        if error.errno in (errno.ESRCH, errno.EBADF):
            return True  # in the table of a thread that is not its process's first: nobody can tell
        raise


def _leads_out(found: socket.socket, guest: int, own: Set[int]) -> bool:
    try:
        network = ioctl(found, SIOCGSKNS)
    except PermissionError:
        return False  # of a network above the agent's: it came from outside, with a command
    try:
        owners = lineage(owner(network))
        if os.fstat(guest).st_ino not in owners:
            return os.stat("/proc/self/ns/user").st_ino in owners[1:]  # another guest's; else from outside
        inode = os.fstat(found.fileno()).st_ino
        return found.family == socket.AF_UNIX and _is_elsewhere(network, inode, own)
    except PermissionError:
        return False
    finally:
        os.close(network)


def _is_elsewhere(network: int, inode: int, own: Set[int]) -> bool:
    """True if a Unix socket's peer, or a name of either, is not the guest's, or may soon not be."""
    with kernel.visit(network):
        netlink = NetlinkSocket(SOCK_DIAG)
    try:
        told = _ask(netlink, inode)
        peer = int.from_bytes(told.get(PEER, b""), sys.byteorder)
        if PEER in told and not peer:
            return told[SHUTDOWN] != BOTH_WAYS  # nobody has accepted it yet; else its other end has ended
        other = _ask(netlink, peer) if peer else {}
        return (
            bool(peer and not other)
            or not {_device(one[FILE]) for one in (told, other) if FILE in one} <= own
        )
    finally:
        netlink.close()


def _device(file: bytes) -> int:
    """The device of a socket's name, from the kernel's way to write both."""
    _inode, device = struct.unpack("=II", file)
    return devicenumber.outside(device)


def _ask(netlink: NetlinkSocket, inode: int) -> dict[int, bytes]:
    """The kernel's attributes of a Unix socket of the network; empty if there is no such socket."""
    asked = REQUEST.pack(socket.AF_UNIX, 0, 0, ALL_STATES, inode, SHOW_FILE_AND_PEER, ANY_COOKIE, ANY_COOKIE)
    try:
        return dict(attributes(netlink.get((BY_FAMILY, 0, asked)), REPLY_BYTES))
    except FileNotFoundError:
        return {}
