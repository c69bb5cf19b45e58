"""The hypervisor's part in a mediated interface: a process that hands every frame on from end to end.

Neither end leads to the other. Each is one of a pair whose far end lies in a *middle*, a network namespace
that nothing but the two sockets of this process keeps alive. So whatever ends first takes the rest along:
the process the pairs, a pair the process. What is missing then is made anew like any link that was lost.
"""

import ctypes
import errno
import os
import select
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from typing import NoReturn

from elastinet.fabric.kernel import kernel, privileges, sysctls

TO_ROUTER, TO_GUEST = "router", "guest"
"""The names of a relay's two ends in the middle."""
MIDDLE = "middle:"
Start = Callable[[Sequence[int]], None]
"""Starts a relay's process between two ends; the descriptors stay the caller's."""
SOL_PACKET, VNET_HEADER, QDISC_BYPASS, IGNORE_OUTGOING = 263, 15, 20, 23
ATTACH_FILTER, RECEIVE_BUFFER_FORCE = 26, 33
UNTAGGED_ONLY = ((0x20, 0, 0, 0xFFFFF030), (0x15, 0, 1, 0), (0x06, 0, 0, 0xFFFFFFFF), (0x06, 0, 0, 0))
"""In the kernel's classic filter language: is there a tag? No: the whole frame. Yes: nothing of it."""
EVERYTHING = 0x0003
QUEUE_BYTES = 8 << 20
LARGEST_FRAME = (1 << 16) + 256
BURST = 64
GONE = (errno.ENETDOWN, errno.ENXIO, errno.ENODEV)


def is_middle(name: str) -> bool:
    """True for the name of a link's middle, False for a guest's."""
    return name.startswith(MIDDLE)


def middle_of(link: str) -> str:
    """The name by which the middle of a link is asked for."""
    return MIDDLE + link


def middle() -> int:
    """Make a network namespace for the ends of one interface; gives its descriptor, this thread stays."""
    home = kernel.own_network()
    try:
        kernel.unshare(kernel.CLONE_NEWNET)
        sysctls.forget_machine()
        for scope in ("all", "default"):
            sysctls.write(f"ipv6/conf/{scope}/disable_ipv6", "1")
        return kernel.own_network()
    finally:
        kernel.setns(home, kernel.CLONE_NEWNET)
        os.close(home)


def join(namespace: int, start: Start) -> None:
    """Have a relay join the two ends in a middle."""
    near, far = _ends(namespace)
    with near, far:
        start((near.fileno(), far.fileno()))


def _ends(namespace: int) -> tuple[socket.socket, socket.socket]:
    """Set both ends in a middle up and open them; this thread comes back."""
    with kernel.visit(namespace):
        return _end(TO_ROUTER), _end(TO_GUEST)


def _end(device: str) -> socket.socket:
    """Open a device for whole frames; segments that the sender has not cut yet stay in one piece."""
    privileges.bring_up(device)
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    for option in (VNET_HEADER, QDISC_BYPASS, IGNORE_OUTGOING):
        end.setsockopt(SOL_PACKET, option, 1)
    try:
        end.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCE, QUEUE_BYTES)
    except PermissionError:  # without root a queue is as long as the machine allows
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, QUEUE_BYTES)
    _refuse_tags(end)
    end.bind((device, EVERYTHING))
    return end


def _refuse_tags(end: socket.socket) -> None:
    """Have frames with a VLAN's tag dropped, as a router drops them: they would arrive without it."""
    program = b"".join(struct.pack("=HBBI", *step) for step in UNTAGGED_ONLY)
    room = ctypes.create_string_buffer(program)
    filter = struct.pack("HP", len(UNTAGGED_ONLY), ctypes.addressof(room))
    end.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, filter)


def main(fds: list[int], user: int | None) -> NoReturn:
    """Be the relay between two such sockets, without any power, until one of them has no device any more."""
    kernel.name_process("relay")
    privileges.place(fds)
    privileges.reset_signals()
    privileges.become(user)
    kernel.die_with_parent(signal.SIGKILL)  # asked for last: whoever becomes another forgets it
    try:
        _relay(socket.socket(fileno=0), socket.socket(fileno=1))
    except OSError as error:  # a device is gone, and with it the interface
        if error.errno not in GONE:
            raise
        os._exit(0)


def _relay(*pair: socket.socket) -> NoReturn:
    frame = memoryview(bytearray(LARGEST_FRAME))
    poll = select.poll()
    other = {}
    for end, far in (pair, pair[::-1]):
        end.setblocking(False)
        poll.register(end, select.POLLIN)
        other[end.fileno()] = end, far
    while True:
        for fd, _ in poll.poll():
            _hand_on(*other[fd], frame)


def _hand_on(end: socket.socket, far: socket.socket, frame: memoryview) -> None:
    """Hand on what waits, up to a burst: the other direction has its turn too."""
    for _ in range(BURST):
        try:
            far.send(frame[: end.recv_into(frame)])
        except BlockingIOError:
            return
        except OSError as error:  # what the far side has no room for, or nobody can describe, is lost
            if error.errno in GONE:
                raise
