"""Links of the agent's own, beside the plan's: changed at once, in the namespace where this thread is."""

import socket

from elastinet.fabric.compile.items import Item, Link
from elastinet.fabric.kernel import rtnl
from elastinet.fabric.kernel.netlink import change


def give(*items: Item) -> None:
    """Have addresses, neighbours and routes of links that are there."""
    change([message for item in items for message in rtnl.add(item, socket.if_nametoindex, no_link)])


def take_away(link: Link) -> None:
    """Have a link no more, if it is there."""
    index = {name: number for number, name in socket.if_nameindex()}
    for message in rtnl.remove(link, lambda name: index.get(name, 0)):
        change([message])


def no_link(_name: str) -> int:
    """The index of a link that needs no other."""
    return 0
