"""The blocks of addresses that are delegated to interfaces: /28 of IPv4, /80 of IPv6."""

import ipaddress
from functools import lru_cache

SIZES = {4: 28, 6: 80}


@lru_cache(maxsize=1 << 16)
def prefix_of(address: str) -> str:
    """The delegated block that an address would be of."""
    found = ipaddress.ip_address(address)
    size = SIZES[found.version]
    free = found.max_prefixlen - size
    return f"{type(found)(int(found) >> free << free)}/{size}"
