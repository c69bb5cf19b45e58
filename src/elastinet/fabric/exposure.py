"""The machine itself as a host of the internet: it reaches public addresses, nobody reaches it."""

import contextlib
import os
import socket

from pyroute2.netlink.rtnl.rtmsg import rtmsg

from elastinet.fabric import kernel, names, rtnl
from elastinet.fabric.items import Address, Link, Path
from elastinet.fabric.netlink import CREATE, Message, Netlink
from elastinet.fabric.nftables import Nft
from elastinet.rules.addressing import PUBLIC_POOL

HOST = "host"
LINK = Link(
    "host0", 20, HOST, names.IGW_MTU, names.INTERNET_MAC, HOST, "", names.EXPOSED_LINK, names.HOST_MAC
)
HOOKS = ("forward", "output")


class Exposure:
    """A link from the internet's namespace to the one that elastinet was started in, `host`."""

    def __init__(self, host: int) -> None:
        os.set_inheritable(host, False)
        self._host = host

    def make(self) -> None:
        """Make the link; runs in the internet's namespace, with which the link goes."""
        _send([*rtnl.add(LINK, _no_link, lambda _holder: self._host), rtnl.up(LINK.index)])
        _send([_back()])
        refusal = Nft().run(_filter())
        if refusal:
            raise OSError(refusal)
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            kernel.setns(self._host, kernel.CLONE_NEWNET)
            _settle()
        finally:
            kernel.setns(home, kernel.CLONE_NEWNET)
            os.close(home)


def _filter() -> str:
    """What goes out to this machine answers it: an instance cannot ask for its services."""
    lines = ["add table inet exposure"]
    for hook in HOOKS:
        lines.append(f"add chain inet exposure {hook} {{ type filter hook {hook} priority filter; }}")
        lines.append(
            f"add rule inet exposure {hook} oif {LINK.index} ct state != {{ established, related }} drop"
        )
    return "\n".join(lines)


def _back() -> Message:
    """The way to this machine; not marked as the router's own, which keeps its record of those."""
    fields = {"family": rtnl.INET, "dst_len": 32, "table": names.MAIN_TABLE, "proto": rtnl.BOOT,
              "type": rtnl.UNICAST, "scope": rtnl.ON_LINK}  # fmt: skip
    attributes = [("RTA_TABLE", names.MAIN_TABLE), ("RTA_DST", names.HOST_ADDRESS), ("RTA_OIF", LINK.index)]
    return rtnl.encoded(rtnl.NEWROUTE, CREATE, rtmsg(), fields, attributes)


def _settle() -> None:
    """Give this machine's end its address, and the routes to all public ones."""
    index = socket.if_nametoindex
    _send([rtnl.up(index(names.EXPOSED_LINK))])
    own = Address(names.EXPOSED_LINK, names.HOST_ADDRESS, 32)
    way = Path(names.MAIN_TABLE, str(PUBLIC_POOL), names.EXPOSED_LINK, names.INTERNET_ADDRESS)
    _send([message for item in (own, way) for message in rtnl.add(item, index, _no_link)])


def _no_link(_name: str) -> int:
    return 0


def _send(messages: list[Message]) -> None:
    with contextlib.closing(Netlink()) as netlink:
        for error in netlink.send(messages):
            if error:
                raise error
