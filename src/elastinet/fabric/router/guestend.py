"""The guest's end of a pair: its addresses and its routes, as its DHCP client would set them.

Set at birth, they let packets pass while the client still asks; the client then confirms them. IPv6
addresses are set when the interface gets them, with the default route that the router's advertisement
will tell: a client of DHCPv6 would cost each guest more than all the rest, so it may run one, and need not.
"""

import contextlib
import ipaddress
from collections.abc import Sequence

from elastinet.fabric.compile.items import Link
from elastinet.fabric.contract.names import MAIN_TABLE, ROUTER_MAC, link_local, own_table
from elastinet.fabric.kernel import offloads, rtnl
from elastinet.fabric.kernel.doors import Doors
from elastinet.fabric.kernel.netlink import CREATE, REPLACE, Message
from elastinet.fabric.kernel.rtmessages import fibmsg, ifaddrmsg, rtmsg
from elastinet.fabric.kernel.rtnl import INET, INET6, encoded

ROUTER = link_local(ROUTER_MAC)
METRIC = 512


def settle(link: Link, doors: Doors) -> None:
    """Configure the other end; runs in the guest's network namespace."""
    if link.mediated:
        offloads.only_tcp(link.peer_name)
    index = doors.index(link.peer_name)
    table = own_table(link.peer_name)
    messages = [rtnl.up(index), _address(link.address, index, table), _default(link.gateway, index, table)]
    if table != MAIN_TABLE:
        messages.append(_rule(link.address, table))
    with contextlib.closing(doors.netlink()) as netlink:
        for error in netlink.send(messages):
            if error:
                raise error


def settle6(link: Link, come: Sequence[str], go: Sequence[str], doors: Doors) -> None:
    """Give the other end IPv6 addresses and take others away; runs in the guest's network namespace.

    A device that the guest has given another name is its own matter.
    """
    if not doors.read(f"ipv6/conf/{link.peer_name}/accept_dad"):
        return
    index, table = doors.index(link.peer_name), own_table(link.peer_name)
    for sysctl, value in _SYSCTLS6 if come else ():
        doors.write(f"ipv6/conf/{sysctl.format(device=link.peer_name)}", value)
    if come and table != MAIN_TABLE:
        doors.write(f"ipv6/conf/{link.peer_name}/accept_ra_defrtr", "0")
    messages = [_default6(index, table)] if come else []
    for address in come:
        messages += [_address6(rtnl.NEWADDR, CREATE | REPLACE, address, index)]
        messages += [_rule6(rtnl.NEWRULE, CREATE, address, table)] if table != MAIN_TABLE else []
    for address in go:
        messages += [_address6(rtnl.DELADDR, 0, address, index)]
        messages += [_rule6(rtnl.DELRULE, 0, address, table)] if table != MAIN_TABLE else []
    with contextlib.closing(doors.netlink()) as netlink:
        for error in netlink.send(messages):
            if error and not rtnl.is_absence(error):
                raise error


_SYSCTLS6 = (("{device}/accept_dad", "0"), ("{device}/disable_ipv6", "0"), ("default/disable_ipv6", "0"))
"""Nobody is asked whether an address is free; links that the guest makes from now on carry IPv6 as well."""


def _address6(kind: int, flags: int, address: str, index: int) -> Message:
    fields = {"family": INET6, "prefixlen": 128, "index": index}
    attributes = [("IFA_LOCAL", address), ("IFA_ADDRESS", address), ("IFA_FLAGS", rtnl.NODAD)]
    return encoded(kind, flags, ifaddrmsg(), fields, attributes)


def _default6(index: int, table: int) -> Message:
    """The default route; what an advertisement says later is less preferred, and the same."""
    fields = {"family": INET6, "table": table, "proto": rtnl.BOOT, "type": rtnl.UNICAST}
    attributes = [("RTA_TABLE", table), ("RTA_OIF", index), ("RTA_GATEWAY", ROUTER), ("RTA_PRIORITY", METRIC)]
    return encoded(rtnl.NEWROUTE, CREATE | REPLACE, rtmsg(), fields, attributes)


def _rule6(kind: int, flags: int, address: str, table: int) -> Message:
    """A rule by which packets from this address use the route table of its interface."""
    fields = {"family": INET6, "table": table, "action": 1, "src_len": 128}
    attributes = [("FRA_PRIORITY", table), ("FRA_TABLE", table), ("FRA_SRC", address)]
    return encoded(kind, flags, fibmsg(), fields, attributes)


def _address(text: str, index: int, table: int) -> Message:
    """The message that sets an address; of two interfaces in one subnet, the lower one is preferred."""
    interface = ipaddress.IPv4Interface(text)
    fields = {"family": INET, "prefixlen": interface.network.prefixlen, "index": index}
    address, broadcast = str(interface.ip), str(interface.network.broadcast_address)
    metric = table if table != MAIN_TABLE else 0
    addresses = [("IFA_LOCAL", address), ("IFA_ADDRESS", address), ("IFA_BROADCAST", broadcast)]
    attributes = [*addresses, ("IFA_RT_PRIORITY", metric)]
    return encoded(rtnl.NEWADDR, CREATE | REPLACE, ifaddrmsg(), fields, attributes)


def _default(gateway: str, index: int, table: int) -> Message:
    fields = {"family": INET, "table": table, "proto": rtnl.BOOT, "type": rtnl.UNICAST}
    attributes = [("RTA_TABLE", table), ("RTA_OIF", index), ("RTA_GATEWAY", gateway)]
    return encoded(rtnl.NEWROUTE, CREATE | REPLACE, rtmsg(), fields, attributes)


def _rule(text: str, table: int) -> Message:
    """A rule by which packets from this address use the route table of its interface."""
    fields = {"family": INET, "table": table, "action": 1, "src_len": 32}
    attributes = [("FRA_PRIORITY", table), ("FRA_TABLE", table), ("FRA_SRC", text.split("/")[0])]
    return encoded(rtnl.NEWRULE, CREATE, fibmsg(), fields, attributes)
