"""The addresses of NAT64: what stands for IPv4 among IPv6 addresses (RFC 6052)."""

import ipaddress

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def embedded(address: str) -> str:
    """The IPv6 address that stands for an IPv4 address: 64:ff9b::102:304 for 1.2.3.4."""
    return str(NAT64[int(ipaddress.IPv4Address(address))])


def is_nat64(block: str) -> bool:
    """True if an IPv6 address or block stands for IPv4 addresses."""
    return ":" in block and ipaddress.IPv6Network(block).subnet_of(NAT64)
