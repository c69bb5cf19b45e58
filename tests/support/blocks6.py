"""The /64 blocks of IPv6 blocks, by their number: Python writes a field of zeros as "::", which no text finds."""

import ipaddress


def numbered(block: str, number: int) -> str:
    """The /64 with a number in a block: 1 of 2001:db8:1:200::/56 is 2001:db8:1:201::/64."""
    first = int(ipaddress.IPv6Network(block).network_address)
    return str(ipaddress.IPv6Network((first + (number << 64), 64)))
