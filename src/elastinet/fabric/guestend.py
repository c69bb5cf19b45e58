"""The guest's end of a pair: its address and its routes, as its DHCP client would set them.

Set at birth, they let packets pass while the client still asks; the client then confirms them.
"""

import contextlib
import ipaddress
import socket

from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from elastinet.fabric import rtnl
from elastinet.fabric.items import Link
from elastinet.fabric.names import MAIN_TABLE, own_table
from elastinet.fabric.netlink import CREATE, REPLACE, Message, Netlink
from elastinet.fabric.rtnl import INET, encoded


def settle(link: Link) -> None:
    """Configure the other end; runs in the guest's network namespace."""
    index = socket.if_nametoindex(link.peer_name)
    table = own_table(link.peer_name)
    messages = [rtnl.up(index), _address(link.address, index), _default(link.gateway, index, table)]
    if table != MAIN_TABLE:
        messages.append(_rule(link.address, table))
    with contextlib.closing(Netlink()) as netlink:
        for error in netlink.send(messages):
            if error:
                raise error


def _address(text: str, index: int) -> Message:
    interface = ipaddress.IPv4Interface(text)
    fields = {"family": INET, "prefixlen": interface.network.prefixlen, "index": index}
    address, broadcast = str(interface.ip), str(interface.network.broadcast_address)
    attributes = [("IFA_LOCAL", address), ("IFA_ADDRESS", address), ("IFA_BROADCAST", broadcast)]
    return encoded(rtnl.NEWADDR, CREATE | REPLACE, ifaddrmsg(), fields, attributes)


def _default(gateway: str, index: int, table: int) -> Message:
    fields = {"family": INET, "table": table, "proto": rtnl.BOOT, "type": rtnl.UNICAST}
    attributes = [("RTA_TABLE", table), ("RTA_OIF", index), ("RTA_GATEWAY", gateway)]
    return encoded(rtnl.NEWROUTE, CREATE | REPLACE, rtmsg(), fields, attributes)


def _rule(text: str, table: int) -> Message:
    """What leaves with this address goes by its interface's own table."""
    fields = {"family": INET, "table": table, "action": 1, "src_len": 32}
    attributes = [("FRA_PRIORITY", table), ("FRA_TABLE", table), ("FRA_SRC", text.split("/")[0])]
    return encoded(rtnl.NEWRULE, CREATE, fibmsg(), fields, attributes)
