"""An interface that a program in its guest has for itself, as if bound to another driver than the kernel's.

The program reads and writes whole frames by packet sockets. What comes in passes those before it meets the
hook where all of it is dropped; what they send never meets the hooks where the kernel's own packets are
dropped. The filter's tables belong to a netlink socket of the agent's: nobody in the guest can take them
away, and they go with it.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from elastinet.fabric.compile.items import Link
from elastinet.fabric.contract.names import word
from elastinet.fabric.kernel import isolate, kernel, linkstate, offloads, rtnl
from elastinet.fabric.kernel.netlink import NetlinkSocket
from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.worker import Worker

T = TypeVar("T")
FIRST = -400
"""Before connection tracking, and all that a guest usually puts there."""
FILTER = """
add table netdev {name} {{ flags owner; }}
add table inet {name} {{ flags owner; }}
add table arp {name} {{ flags owner; }}
add chain netdev {name} in {{ type filter hook ingress device "{device}" priority {first}; policy drop; }}
add chain inet {name} out {{ type filter hook postrouting priority {first}; }}
add chain arp {name} out {{ type filter hook output priority {first}; }}
add rule inet {name} out oifname "{device}" drop
add rule arp {name} out oifname "{device}" drop
"""


class Binding:
    """One interface in a program's hands; the work is done by a thread in the guest's network namespace."""

    def __init__(self, link: Link, mtu: int, guest: int, network: str) -> None:
        self._link, self._mtu, self._router = link, mtu, f"{isolate.NETNS}/{network}"
        self._undo = ExitStack()
        self._released: Future[None] | None = None
        self._worker = Worker(link.peer_name, guest)

    def bind(self) -> "Future[None]":
        """Take the interface from the guest's kernel; OSError if that cannot be, with nothing changed."""
        return self._worker.submit(self._bind)

    def release(self) -> "Future[None]":
        """Give the interface back as it was; what has gone meanwhile needs nothing."""
        if self._released is None:
            self._released = self._worker.submit(self._undo.close)
        return self._released

    def close(self) -> None:
        """End the thread, once all is given back."""
        self._worker.stop()

    def _bind(self) -> None:
        try:
            self._take()
        except BaseException:
            self._undo.close()
            raise

    def _take(self) -> None:
        device, name = self._link.peer_name, f"elastinet_{word(self._link.peer_name)}"
        netlink = NetlinkSocket()
        self._undo.callback(netlink.close)
        before = linkstate.read(netlink, device)
        nft = NftContext()
        self._undo.callback(nft.close)
        if refusal := nft.run(FILTER.format(name=name, device=device, first=FIRST)):
            raise OSError(f"the kernel keeps {device}: {refusal}")
        self._undo.callback(_unless_gone, lambda: linkstate.restore(netlink, before))
        linkstate.set_mtu(netlink, before.number, self._mtu)
        features = self._in_router(lambda: offloads.leave_nothing(self._link.name))
        give_back = partial(offloads.give_back, self._link.name, features)
        self._undo.callback(_unless_gone, lambda: self._in_router(give_back))

    def _in_router(self, work: Callable[[], T]) -> T:
        """Do something at the other end."""
        with open(self._router, "rb") as router, kernel.visit(router.fileno()):
            return work()


def _unless_gone(undo: Callable[[], None]) -> None:
    """Undo a change of something that may be there no more."""
    try:
        undo()
    except OSError as error:
        if not rtnl.is_absence(error):
            raise
