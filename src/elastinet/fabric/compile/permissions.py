"""Security group rules as disjoint boxes: nftables' interval sets refuse elements that overlap.

Every rule is a range of numbers towards a CIDR: ports for TCP and UDP, type and code as one 16-bit
number for ICMP (they lie in the packet where TCP has its source port), protocols for the rest.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable

from elastinet.catalog.protocols import ANY, ICMP, ICMP6, TCP, UDP
from elastinet.fabric.contract.objects import GroupRule

Range = tuple[int, int]
Cidr = ipaddress.IPv4Network | ipaddress.IPv6Network
BY_PORT, BY_ICMP, BY_PROTOCOL = "ports", "icmp", "protocols"


def is_cidr(peer: str) -> bool:
    """True if a rule's peer is a range of addresses, not a group."""
    return "/" in peer


def is_v4(rule: GroupRule) -> bool:
    """True if a rule's peer is a range of IPv4 addresses; ICMPv6 never comes from there."""
    return is_cidr(rule.peer) and ":" not in rule.peer and rule.protocol != ICMP6


def is_v6(rule: GroupRule) -> bool:
    """True if a rule's peer is a range of IPv6 addresses; ICMP never comes from there."""
    return is_cidr(rule.peer) and ":" in rule.peer and rule.protocol != ICMP


def family(rule: GroupRule) -> str:
    """By which kind of number a rule is matched."""
    if rule.protocol in (TCP, UDP):
        return BY_PORT
    return BY_ICMP if rule.protocol in (ICMP, ICMP6) else BY_PROTOCOL


def numbers(rule: GroupRule) -> Range:
    """The range of numbers that a rule opens."""
    match family(rule):
        case "ports":
            return (0, 65535) if rule.low < 0 else (rule.low, rule.high)
        case "icmp" if rule.low < 0:
            return (0, 65535)
        case "icmp":
            return (
                (rule.low * 256, rule.low * 256 + 255)
                if rule.high < 0
                else (code := rule.low * 256 + rule.high, code)
            )
        case _:
            return (0, 255) if rule.protocol == ANY else (rule.protocol, rule.protocol)


def elements(rules: Iterable[GroupRule]) -> dict[str, set[str]]:
    """Give the elements of each of a group's three sets, for rules whose peers are CIDRs of one family."""
    sorted_out: dict[tuple[str, str], dict[Cidr, list[Range]]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        prefix = f"{rule.protocol} . " if family(rule) == BY_PORT else ""
        cidr = ipaddress.ip_network(rule.peer, strict=False)
        sorted_out[family(rule), prefix][cidr].append(numbers(rule))
    result: dict[str, set[str]] = {BY_PORT: set(), BY_ICMP: set(), BY_PROTOCOL: set()}
    for (kind, prefix), by_cidr in sorted_out.items():
        for cidr, low, high in _disjoint(by_cidr):
            result[kind].add(f"{prefix}{span(low, high)} . {_cidr_text(cidr)}")
    return result


def _disjoint(by_cidr: dict[Cidr, list[Range]]) -> list[tuple[Cidr, int, int]]:
    """Take from every CIDR the numbers that a CIDR around it opens already."""
    merged = {cidr: _merge(ranges) for cidr, ranges in by_cidr.items()}
    lengths = sorted({cidr.prefixlen for cidr in merged})
    result = []
    for cidr, own in merged.items():
        around = [cidr.supernet(new_prefix=length) for length in lengths if length < cidr.prefixlen]
        taken = _merge([pair for wider in around for pair in merged.get(wider, ())])
        result += [(cidr, low, high) for low, high in _without(own, taken)]
    return result


def _merge(ranges: list[Range]) -> list[Range]:
    """Join ranges that overlap or touch."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return result


def _without(ranges: list[Range], taken: list[Range]) -> list[Range]:
    """Cut merged ranges out of merged ranges."""
    for cut_low, cut_high in taken:
        pieces: list[Range] = []
        for low, high in ranges:
            pieces += [(low, min(high, cut_low - 1)), (max(low, cut_high + 1), high)]
        ranges = [(low, high) for low, high in pieces if low <= high]
    return ranges


def _cidr_text(cidr: Cidr) -> str:
    """A CIDR as a set's element takes it."""
    if cidr.prefixlen == cidr.max_prefixlen:
        return str(cidr.network_address)
    return str(cidr) if cidr.prefixlen else f"{cidr[0]}-{cidr[-1]}"


def span(low: int, high: int) -> str:
    """A range of numbers as nftables writes it."""
    return str(low) if low == high else f"{low}-{high}"
