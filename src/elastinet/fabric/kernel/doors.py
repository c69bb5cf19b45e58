"""The ways into the kernel that a router uses, of whichever network namespace its thread is in.

A router is given its doors, so that what it does can also be tested where there is no kernel to do it to.
"""

import contextlib
import socket
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from elastinet.fabric.kernel import kernel, sysctls
from elastinet.fabric.kernel.netlink import Netlink, NetlinkSocket
from elastinet.fabric.kernel.nftables import Nft, NftContext


class Doors(Protocol):
    """Sockets, settings and links of the namespace that the thread is in."""

    def netlink(self, protocol: int = socket.NETLINK_ROUTE) -> Netlink:
        """Open a netlink socket; it belongs to this namespace from then on."""

    def nft(self) -> Nft:
        """Open this namespace's packet filter."""

    def index(self, name: str) -> int:
        """The index of a link; raises OSError if there is none of this name."""

    def read(self, sysctl: str) -> str:
        """A setting of the network; "" if there is no such."""

    def write(self, sysctl: str, value: str) -> None:
        """Change a setting of the network; raises OSError if it cannot be."""

    def send_frame(self, frame: bytes, links: Iterable[str]) -> None:
        """Send a frame by each of some links; one that is gone or down gets none."""

    def visit(self, namespace: int) -> AbstractContextManager[None]:
        """Be in another namespace, by its descriptor, for a while."""


class KernelDoors:
    """The kernel's own."""

    def netlink(self, protocol: int = socket.NETLINK_ROUTE) -> Netlink:
        """Open a netlink socket; it belongs to this namespace from then on."""
        return NetlinkSocket(protocol)

    def nft(self) -> Nft:
        """Open this namespace's packet filter."""
        return NftContext()

    def index(self, name: str) -> int:
        """The index of a link; raises OSError if there is none of this name."""
        return socket.if_nametoindex(name)

    def read(self, sysctl: str) -> str:
        """A setting of the network; "" if there is no such."""
        return sysctls.read(sysctl)

    def write(self, sysctl: str, value: str) -> None:
        """Change a setting of the network; raises OSError if it cannot be."""
        sysctls.write(sysctl, value)

    def send_frame(self, frame: bytes, links: Iterable[str]) -> None:
        """Send a frame by each of some links; one that is gone or down gets none."""
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as device:
            for link in links:
                with contextlib.suppress(OSError):
                    device.sendto(frame, (link, 0))

    def visit(self, namespace: int) -> AbstractContextManager[None]:
        """Be in another namespace, by its descriptor, for a while."""
        return kernel.visit(namespace)


KERNEL: Doors = KernelDoors()
