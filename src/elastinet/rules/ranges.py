"""Sets of whole numbers as ranges: disjoint, in order, none touching the next. Ports, protocols, addresses.

Example: 80, 81 and 443 are ((80, 81), (443, 443)).
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range

Range = tuple[int, int]
Ranges = tuple[Range, ...]
BITS = {4: 32, 6: 128}
ADDRESSES: dict[int, Ranges] = {version: ((0, (1 << bits) - 1),) for version, bits in BITS.items()}
"""All addresses of each version of IP."""
PORTS: Ranges = ((0, 65535),)


def joined(ranges: Iterable[Range]) -> Ranges:
    """What any of the ranges has, however they overlap."""
    found: list[Range] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def meet(one: Ranges, other: Ranges) -> Ranges:
    """What both have."""
    if one == other:
        return one
    if len(one) == 1 and len(other) == 1:
        (low, high), (floor, top) = one[0], other[0]
        if floor <= low and high <= top:
            return one
        low, high = max(low, floor), min(high, top)
        return ((low, high),) if low <= high else ()
    return tuple(_overlaps(one, other))


def _overlaps(one: Ranges, other: Ranges) -> Iterator[Range]:
    here = there = 0
    while here < len(one) and there < len(other):
        low, high = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if low <= high:
            yield low, high
        if one[here][1] < other[there][1]:
            here += 1
        else:
            there += 1


def minus(one: Ranges, other: Ranges) -> Ranges:
    """What the first has and the other has not."""
    left = list(one)
    for cut_low, cut_high in other:
        pieces = (p for r in left for p in ((r[0], min(r[1], cut_low - 1)), (max(r[0], cut_high + 1), r[1])))
        left = [(low, high) for low, high in pieces if low <= high]
    return tuple(left)


def holds(ranges: Ranges, number: int) -> bool:
    """True if a number is in one of the ranges."""
    return any(low <= number <= high for low, high in ranges)


def size(ranges: Ranges) -> int:
    """How many numbers there are."""
    return sum(high - low + 1 for low, high in ranges)


def only(number: int) -> Ranges:
    """The set of one number."""
    return ((number, number),)


@lru_cache(maxsize=1 << 16)
def of_block(block: str) -> Ranges:
    """The addresses of a block, or of an address alone."""
    found = ip_network(block, strict=False)
    return ((int(found.network_address), int(found.broadcast_address)),)


def version_of(block: str) -> int:
    """The version of IP of a block or an address."""
    return 6 if ":" in block else 4


def of_blocks(blocks: Iterable[str], version: int) -> Ranges:
    """The addresses of the blocks of one version of IP."""
    return joined(pair for block in blocks if version_of(block) == version for pair in of_block(block))


def blocks_of(ranges: Ranges, version: int) -> list[str]:
    """The fewest blocks that have these addresses, and no others."""
    kind = IPv4Address if version == 4 else IPv6Address
    return [str(b) for low, high in ranges for b in summarize_address_range(kind(low), kind(high))]


def address_of(number: int, version: int) -> str:
    """An address as text."""
    return str(IPv4Address(number) if version == 4 else IPv6Address(number))
