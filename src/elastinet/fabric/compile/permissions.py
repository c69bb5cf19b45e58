"""Security group rules as disjoint boxes: nftables' interval sets refuse elements that overlap.

Every rule is a range of numbers towards a CIDR: ports for TCP and UDP, type and code as one 16-bit
number for ICMP (they lie in the packet where TCP has its source port), protocols for the rest.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from elastinet.catalog.protocols import ICMP, ICMP6
from elastinet.fabric.contract.objects import GroupRule
from elastinet.rules.ranges import Range, joined, minus
from elastinet.rules.rule_numbers import BY_ICMP, BY_PORT, BY_PROTOCOL, family, numbers

Cidr = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_cidr(peer: str) -> bool:
    """True if a rule's peer is a range of addresses, not a group."""
    return "/" in peer


def is_v4(rule: GroupRule) -> bool:
    """True if a rule's peer is a range of IPv4 addresses; ICMPv6 never comes from there."""
    return is_cidr(rule.peer) and ":" not in rule.peer and rule.protocol != ICMP6


def is_v6(rule: GroupRule) -> bool:
    """True if a rule's peer is a range of IPv6 addresses; ICMP never comes from there."""
    return is_cidr(rule.peer) and ":" in rule.peer and rule.protocol != ICMP


def elements(rules: Iterable[GroupRule]) -> dict[str, set[str]]:
    """Give the elements of each of a group's three sets, for rules whose peers are CIDRs of one family."""
    sorted_out: dict[tuple[str, str], dict[Cidr, list[Range]]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        prefix = f"{rule.protocol} . " if family(rule.protocol) == BY_PORT else ""
        cidr = ipaddress.ip_network(rule.peer, strict=False)
        sorted_out[family(rule.protocol), prefix][cidr].append(numbers(rule))
    result: dict[str, set[str]] = {BY_PORT: set(), BY_ICMP: set(), BY_PROTOCOL: set()}
    for (kind, prefix), by_cidr in sorted_out.items():
        for cidr, low, high in _disjoint(by_cidr):
            result[kind].add(f"{prefix}{span(low, high)} . {_cidr_text(cidr)}")
    return result


def _disjoint(by_cidr: dict[Cidr, list[Range]]) -> list[tuple[Cidr, int, int]]:
    """Take from every CIDR the numbers that a CIDR around it opens already."""
    merged = {cidr: joined(ranges) for cidr, ranges in by_cidr.items()}
    lengths = sorted({cidr.prefixlen for cidr in merged})
    result = []
    for cidr, own in merged.items():
        around = [cidr.supernet(new_prefix=length) for length in lengths if length < cidr.prefixlen]
        taken = joined([pair for wider in around for pair in merged.get(wider, ())])
        result += [(cidr, low, high) for low, high in minus(own, taken)]
    return result


def _cidr_text(cidr: Cidr) -> str:
    """A CIDR as a set's element takes it."""
    if cidr.prefixlen == cidr.max_prefixlen:
        return str(cidr.network_address)
    return str(cidr) if cidr.prefixlen else f"{cidr[0]}-{cidr[-1]}"


def span(low: int, high: int) -> str:
    """A range of numbers as nftables writes it."""
    return str(low) if low == high else f"{low}-{high}"
