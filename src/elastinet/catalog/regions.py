"""The regions of the aws partition and their zones (facts sheet, section 13.5)."""

import ipaddress
from functools import cache, lru_cache
from typing import NamedTuple

REGIONS = tuple(
    """
    af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2
    ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
    ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2
    eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1
    us-east-1 us-east-2 us-west-1 us-west-2
    """.split()
)

ALWAYS_ON = frozenset(
    """
    ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1
    eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1
    us-west-2
    """.split()
)
"""Regions that need no opt-in."""

_DIRECTIONS = {
    "northeast": "ne",
    "southeast": "se",
    "northwest": "nw",
    "southwest": "sw",
    "central": "c",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
}
# us-east-1 as the recorded data of the instance types has it; a zone's name is an account's own.
_US_EAST_1 = {"a": 2, "b": 4, "c": 6, "d": 1, "e": 3, "f": 5}


IPV6_POOL = ipaddress.IPv6Network("2001:db8::/32")
"""What VPCs have their IPv6 blocks of."""
_IPV6_PREFIX = 40


@cache
def ipv6_range(region: str) -> ipaddress.IPv6Network:
    """The range of a region's IPv6 blocks: a /40 of the range for documentation (RFC 3849).

    The real internet routes it nowhere, and Linux treats it like any other global address. The first
    /40 is no region's.
    """
    size = 2 ** (128 - _IPV6_PREFIX)
    base = int(IPV6_POOL.network_address) + (1 + REGIONS.index(region)) * size
    return ipaddress.IPv6Network((base, _IPV6_PREFIX))


class Zone(NamedTuple):
    """An availability zone: the name that an account sees, and the id that is the same for all."""

    name: str
    id: str
    region: str


def zone_prefix(region: str) -> str:
    """The prefix of a region's zone ids: use1 for us-east-1."""
    area, direction, number = region.split("-")
    return f"{area}{_DIRECTIONS[direction]}{number}"


@cache
def zones(region: str) -> tuple[Zone, ...]:
    """A region's zones: six in us-east-1, three elsewhere."""
    numbers = _US_EAST_1 if region == "us-east-1" else {"a": 1, "b": 2, "c": 3}
    prefix = zone_prefix(region)
    return tuple(Zone(region + letter, f"{prefix}-az{n}", region) for letter, n in numbers.items())


@lru_cache(maxsize=1024)
def zone(region: str, name: str) -> Zone | None:
    """The zone of this name or id, if the region has it."""
    return next((z for z in zones(region) if name in (z.name, z.id)), None)
