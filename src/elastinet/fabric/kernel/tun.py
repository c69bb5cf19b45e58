"""Devices whose packets a program reads and writes (TUN)."""

import os
import socket
import stat
import struct
from fcntl import ioctl

from elastinet.fabric.kernel import offloads, privileges

TUN = "/dev/net/tun"
TUNSETIFF, TUNSETPERSIST, TUNSETOWNER = 0x400454CA, 0x400454CB, 0x400454CC
IFF_TUN, IFF_NO_PI = 0x1, 0x1000
SIOCSIFMTU, ETHTOOL_GLINK = 0x8922, 0xA


def make(name: str, mtu: int, owner: int | None) -> None:
    """Make a device in this thread's network namespace, up; a process of the owner's may read it."""
    device = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    try:
        ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        if owner is not None:
            ioctl(device, TUNSETOWNER, owner)
        ioctl(device, TUNSETPERSIST, 1)
    finally:
        os.close(device)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        ioctl(control, SIOCSIFMTU, struct.pack("16si20x", name.encode(), mtu))
    privileges.bring_up(name)


def is_there(name: str) -> bool:
    """True if this thread's network namespace has a device of this name."""
    return name in (found for _, found in socket.if_nameindex())


def is_read(name: str) -> bool:
    """True if a program has the device open, and it is up."""
    asked = bytearray(struct.pack("=II", ETHTOOL_GLINK, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        offloads.ask(control, name, asked)
    return asked[4] == 1


def fault(owner: int | None) -> str | None:
    """The reason why a process of the owner's cannot read such a device here; None if it can."""
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        advice = f"run `modprobe tun`, or let a container have it (--device {TUN})"
        return f"{TUN} cannot be opened ({error.strerror}): {advice}"
    everybody = stat.S_IROTH | stat.S_IWOTH
    if owner is not None and os.stat(TUN).st_mode & everybody != everybody:
        return f"only some users may open {TUN}: run `chmod 666 {TUN}`"
    return None
