"""The blocks of addresses that are delegated to interfaces: /28 of IPv4, /80 of IPv6."""

import ipaddress
from functools import lru_cache

SIZES = {4: 28, 6: 80}


def prefix_of(address: str) -> str:
    """The delegated block that an address would be of."""
    if ":" in address:
        return _ipv6_prefix_of(address)
    begun, _, last = address.rpartition(".")
    return f"{begun}.{int(last) & 0xF0}/{SIZES[4]}"


@lru_cache(maxsize=1 << 16)
def _ipv6_prefix_of(address: str) -> str:
    free = 128 - SIZES[6]
    return f"{ipaddress.IPv6Address(int(ipaddress.IPv6Address(address)) >> free << free)}/{SIZES[6]}"
