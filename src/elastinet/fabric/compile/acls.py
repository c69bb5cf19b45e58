"""Network ACLs as items: stateless lists, asked for every packet that leaves or enters a subnet. Pure.

A packet inside one subnet is known by the sender's mark, which tells its subnet. An interface whose
list begins by allowing everything is not in the maps at all, so it costs what no ACL costs.
"""

from collections.abc import Iterator

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.fabric.compile import permissions
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Acl, AclEntry, Interface

EVERYWHERE = ("0.0.0.0/0", "::/0")
ICMP_ANY = -1
ICMP_HEADERS = {ICMP: "icmp", ICMP6: "icmpv6"}
ASKED = ("iif vmap @acl_out", "oif vmap @acl_in")
INSIDE = "oif . meta mark @same return"


def maps() -> Iterator[Item]:
    """The maps and the set that all ACLs of a network share."""
    yield Set("acl_out", "type iface_index : verdict;", "map")
    yield Set("acl_in", "type iface_index : verdict;", "map")
    yield Set("same", "type iface_index . mark;")


def acl(item: Acl, has_ipv6: bool) -> Iterator[Item]:
    """An ACL's two chains, each with its entries in order; those of IPv6 if the network has blocks of it."""
    for direction, entries in (("out", item.egress), ("in", item.ingress)):
        ordered = sorted(entries, key=lambda entry: entry.number)
        rules = (_rule(entry, direction, has_ipv6) for entry in ordered if has_ipv6 or ":" not in entry.cidr)
        yield Chain(names.group_chain(item.id, direction), (INSIDE, *rules, "drop"))


def interface(item: Interface, found: Acl, index: int, mark: int, has_ipv6: bool) -> Iterator[Item]:
    """An interface's part in its subnet's ACL."""
    for direction, entries in (("out", found.egress), ("in", found.ingress)):
        if not opens_all(entries, has_ipv6):
            yield Element(f"acl_{direction}", str(index), f"jump {names.group_chain(found.id, direction)}")
    yield Element("same", f"{index} . {mark}")


def opens_all(entries: tuple[AclEntry, ...], has_ipv6: bool) -> bool:
    """True if the first entry of a list allows everything, in IPv6 too where the network has it."""
    return _opens(entries, ".") and (not has_ipv6 or _opens(entries, ":"))


def _opens(entries: tuple[AclEntry, ...], sign: str) -> bool:
    """True if the first entry of one family allows everything; `sign` is in the CIDRs of that family only."""
    first = min((entry for entry in entries if sign in entry.cidr), key=_number, default=None)
    return bool(first and first.allow and first.protocol == ANY and first.cidr in EVERYWHERE)


def _number(entry: AclEntry) -> int:
    return entry.number


def _rule(entry: AclEntry, direction: str, has_ipv6: bool) -> str:
    """One entry; what it allows goes on to the rest of the filter."""
    parts = [_protocol(entry)]
    header = "ip6" if ":" in entry.cidr else "ip"
    if entry.cidr not in EVERYWHERE:
        parts.append(f"{header} {'daddr' if direction == 'out' else 'saddr'} {entry.cidr}")
    elif has_ipv6:
        parts.insert(0, f"meta nfproto ipv{header[2:] or 4}")
    parts.append("return" if entry.allow else "drop")
    return " ".join(part for part in parts if part)


def _protocol(entry: AclEntry) -> str:
    if entry.protocol == ANY:
        return ""
    if entry.protocol in (TCP, UDP):
        ports = "" if entry.low < 0 else f" th dport {permissions.span(entry.low, entry.high)}"
        return f"meta l4proto {entry.protocol}{ports}"
    if entry.protocol in ICMP_HEADERS and entry.low != ICMP_ANY:
        header = ICMP_HEADERS[entry.protocol]
        code = "" if entry.high == ICMP_ANY else f" {header} code {entry.high}"
        return f"meta l4proto {entry.protocol} {header} type {entry.low}{code}"
    return f"meta l4proto {entry.protocol}"
