"""The guest's end of a pair: its addresses, its routes and its rules, set up and taken away as one.

Set at birth, they let packets pass while the guest's DHCP client still asks; the client then confirms them.
IPv6 addresses are set when the interface gets them, with the default route that the router's advertisement
will tell: a client of DHCPv6 would cost each guest more than all the rest, so it may run one, and need not.

All routes are in the main table, those of eth0 first. Every device has them also in a table of its own, and
every device but eth0 a rule for each of its addresses, so that an answer leaves by the interface whose
address it has: EC2's own agents arrange it so, with these numbers (amazon-ec2-net-utils, lib.sh). One more
rule is ours: the main table would send what eth0's addresses say to another device's subnet over that device,
where the source/destination check drops it. It goes by eth0's own table, but only what the guest itself says:
what it forwards, or has from a container, finds its way by the main table.
"""

import contextlib
import errno
import ipaddress
from collections.abc import Sequence

from elastinet.fabric.compile.items import Link, family_of
from elastinet.fabric.contract.names import (
    FIRST_OWN_TABLE,
    MAIN_TABLE,
    ROUTER_MAC,
    link_local,
    metric_of,
    own_table,
    place_of,
)
from elastinet.fabric.kernel import offloads, rtnl
from elastinet.fabric.kernel.doors import Doors
from elastinet.fabric.kernel.netlink import CREATE, EXCLUSIVE, REPLACE, Message, Netlink
from elastinet.fabric.kernel.rtmessages import fibmsg, ifaddrmsg, rtmsg
from elastinet.fabric.kernel.rtnl import INET, INET6, encoded

ROUTER = link_local(ROUTER_MAC)
METRIC = 512
WHOLE = {INET: 32, INET6: 128}
"""The prefix of one address."""
MOST_RULES = 4096
"""Rules of one table that are taken away at a time: the guest's root may add some while we do."""


def settle(link: Link, doors: Doors) -> None:
    """Configure the other end; runs in the guest's network namespace."""
    if link.mediated:
        offloads.only_tcp(link.peer_name)
    index, table, metric = doors.index(link.peer_name), own_table(link.peer_name), metric_of(link.peer_name)
    named = _further_names(link, index)
    if ":" in link.address:
        _send(doors, [*named, rtnl.up(index), *_ipv6(link.peer_name, index, table, doors)])
        return
    messages = [
        *named,
        rtnl.up(index),
        _primary(link.address, index, metric),
        _connected(link.address, index, table),
        _default(link.gateway, index, table),
        _default(link.gateway, index, MAIN_TABLE, metric),
    ]
    if table != FIRST_OWN_TABLE:
        messages.append(_rule(rtnl.NEWRULE, link.address.partition("/")[0], table))
        messages += _primary_speaks(link, table)
    _send(doors, messages)


def _further_names(link: Link, index: int) -> list[Message]:
    """The messages by which the device has the further names that EC2's agents give."""
    card, number = place_of(link.peer_name)
    return [rtnl.other_name(index, name) for name in (link.alias, f"device-number-{card}.{number}")]


def _primary_speaks(link: Link, table: int) -> list[Message]:
    """The rule for what eth0's addresses say to the subnet of another device, if that is another subnet."""
    own = str(ipaddress.IPv4Interface(link.address).network)
    if link.primary_subnet in ("", own):
        return []
    return [
        _rule(rtnl.NEWRULE, link.primary_subnet, FIRST_OWN_TABLE, to=own, preference=table, own_only=True)
    ]


def settle_addresses(link: Link, come: Sequence[str], go: Sequence[str], doors: Doors) -> None:
    """Give the other end further addresses, and take others away; runs in the guest's network namespace.

    A device that the guest has given another name is its own matter.
    """
    if not (index := _index(link.peer_name, doors)):
        return
    table = own_table(link.peer_name)
    come, go = (_carried(addresses, link.peer_name, doors) for addresses in (come, go))
    messages = _ipv6(link.peer_name, index, table, doors) if any(":" in address for address in come) else []
    for addresses, kinds in ((come, (rtnl.NEWADDR, rtnl.NEWRULE)), (go, (rtnl.DELADDR, rtnl.DELRULE))):
        for address in addresses:
            messages += [] if "/" in address else [_address(kinds[0], address, index)]
            messages += [] if table == FIRST_OWN_TABLE else [_rule(kinds[1], address, table)]
    _send(doors, messages)


def unsettle(link: Link, doors: Doors) -> None:
    """Take away what a link would leave behind; runs in the guest's network namespace.

    Addresses and routes go with the device. Rules stay: an address that comes back on another device would
    still be sent to the table of this one.
    """
    table = own_table(link.peer_name)
    if table == FIRST_OWN_TABLE:
        return
    with contextlib.closing(doors.netlink()) as netlink:
        for family in (INET, INET6):
            _remove_rules(netlink, family, table)


def _remove_rules(netlink: Netlink, family: int, table: int) -> None:
    """Take away all rules of a device, which have its table's number: the kernel takes one at a time."""
    fields = {"family": family, "table": 0, "action": 1}
    message = encoded(rtnl.DELRULE, 0, fibmsg, fields, [("FRA_PRIORITY", table)])
    for _ in range(MOST_RULES):
        (error,) = netlink.send([message])
        if error and not rtnl.is_absence(error) and error.errno != errno.EAFNOSUPPORT:
            raise error
        if error:
            return


def _send(doors: Doors, messages: Sequence[Message]) -> None:
    """Have it done; what is there already, or is not there to be removed, is no failure.

    Nor is a further name in a kernel before 5.5, which knows none.
    """
    with contextlib.closing(doors.netlink()) as netlink:
        for (kind, *_), error in zip(messages, netlink.send(messages), strict=True):
            is_unknown = error and kind == rtnl.NEWLINKPROP and error.errno == errno.EOPNOTSUPP
            if error and error.errno != errno.EEXIST and not (is_unknown or rtnl.is_absence(error)):
                raise error


def _index(device: str, doors: Doors) -> int:
    """The index of a device; 0 for none."""
    try:
        return doors.index(device)
    except OSError:
        return 0


def _carried(addresses: Sequence[str], device: str, doors: Doors) -> list[str]:
    """The addresses that this kernel can have: it may be one without IPv6."""
    has_ipv6 = bool(doors.read(f"ipv6/conf/{device}/accept_dad"))
    return [address for address in addresses if has_ipv6 or ":" not in address]


_SYSCTLS6 = (("{device}/accept_dad", "0"), ("{device}/disable_ipv6", "0"), ("default/disable_ipv6", "0"))
"""Nobody is asked whether an address is free; links that the guest makes from now on carry IPv6 as well."""


def _ipv6(device: str, index: int, table: int, doors: Doors) -> list[Message]:
    """Have a device carry IPv6; gives the message for its default route."""
    for sysctl, value in _SYSCTLS6:
        doors.write(f"ipv6/conf/{sysctl.format(device=device)}", value)
    if table != FIRST_OWN_TABLE:
        doors.write(f"ipv6/conf/{device}/accept_ra_defrtr", "0")
        doors.write(f"ipv6/conf/{device}/accept_ra_pinfo", "0")
    return [_default6(index, table)] + ([] if table != FIRST_OWN_TABLE else [_default6(index, MAIN_TABLE)])


def _primary(text: str, index: int, metric: int) -> Message:
    """The message that sets the primary address, with the route to its subnet in the main table."""
    interface = ipaddress.IPv4Interface(text)
    fields = {"family": INET, "prefixlen": interface.network.prefixlen, "index": index}
    address, broadcast = str(interface.ip), str(interface.network.broadcast_address)
    addresses = [("IFA_LOCAL", address), ("IFA_ADDRESS", address), ("IFA_BROADCAST", broadcast)]
    attributes = [*addresses, ("IFA_RT_PRIORITY", metric)]
    return encoded(rtnl.NEWADDR, CREATE | REPLACE, ifaddrmsg, fields, attributes)


def _address(kind: int, address: str, index: int) -> Message:
    """The message that sets or removes one further address."""
    family = family_of(address)
    fields = {"family": family, "prefixlen": WHOLE[family], "index": index}
    attributes: list[tuple[str, str | int]] = [("IFA_LOCAL", address), ("IFA_ADDRESS", address)]
    attributes += [("IFA_FLAGS", rtnl.NODAD)] if family == INET6 else []
    return encoded(kind, CREATE | REPLACE if kind == rtnl.NEWADDR else 0, ifaddrmsg, fields, attributes)


def _connected(text: str, index: int, table: int) -> Message:
    """The route to the subnet that an address is in."""
    interface = ipaddress.IPv4Interface(text)
    length = interface.network.prefixlen
    attributes = [
        ("RTA_DST", str(interface.network.network_address)),
        ("RTA_PREFSRC", str(interface.ip)),
    ]
    return _route(INET, index, table, attributes, dst_len=length, scope=rtnl.ON_LINK)


def _default(gateway: str, index: int, table: int, metric: int = 0) -> Message:
    return _route(INET, index, table, [("RTA_GATEWAY", gateway), ("RTA_PRIORITY", metric)])


def _default6(index: int, table: int) -> Message:
    """The default route; what an advertisement says later is less preferred, and the same."""
    return _route(INET6, index, table, [("RTA_GATEWAY", ROUTER), ("RTA_PRIORITY", METRIC)])


def _route(
    family: int, index: int, table: int, attributes: Sequence[tuple[str, int | str]], **more: int
) -> Message:
    """The message that sets a route; a table beyond 255 is told by its attribute only."""
    fields = {"family": family, "table": 0, "proto": rtnl.BOOT, "type": rtnl.UNICAST, **more}
    known = [("RTA_TABLE", table), ("RTA_OIF", index), *attributes]
    return encoded(rtnl.NEWROUTE, CREATE | REPLACE, rtmsg, fields, known)


def _rule(
    kind: int, source: str, table: int, *, to: str = "", preference: int = 0, own_only: bool = False
) -> Message:
    """A rule by which packets from an address or a block use a table; `own_only` for what the guest says."""
    block, goal = ipaddress.ip_network(source), ipaddress.ip_network(to) if to else None
    fields = {"family": family_of(source), "table": 0, "action": 1, "src_len": block.prefixlen}
    attributes = [
        ("FRA_PRIORITY", preference or table),
        ("FRA_TABLE", table),
        ("FRA_SRC", str(block.network_address)),
    ]
    if goal:
        fields["dst_len"] = goal.prefixlen
        attributes.append(("FRA_DST", str(goal.network_address)))
    if own_only:
        attributes.append(("FRA_IIFNAME", "lo"))
    flags = CREATE | EXCLUSIVE if kind == rtnl.NEWRULE else 0
    return encoded(kind, flags, fibmsg, fields, attributes)
