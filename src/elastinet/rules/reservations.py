"""CIDR reservations of subnets (VPC user guide, "Subnet CIDR reservations")."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from elastinet.model.reservation import SubnetReservation
from elastinet.model.state import State
from elastinet.model.vpc import Subnet


@lru_cache(maxsize=4096)
def block(cidr: str) -> IPv4Network | IPv6Network:
    """A block of either family."""
    return ip_network(cidr)


def blocks(state: State, subnet: Subnet, use: str | None = None) -> list[IPv4Network | IPv6Network]:
    """The reserved blocks of a subnet, those of one use if it is named."""
    there = state.where(SubnetReservation, "subnet-id", subnet.id)
    return [block(r.cidr) for r in there if use in (None, r.use)]


def is_set_aside(reserved: list[IPv4Network | IPv6Network], cidr: str) -> bool:
    """True if an address or a prefix overlaps a reserved block."""
    if not reserved:
        return False
    wanted = block(cidr) if "/" in cidr else ip_network(ip_address(cidr))
    return any(one.version == wanted.version and one.overlaps(wanted) for one in reserved)


def reserved_prefixes(state: State, subnet: Subnet, version: int, size: int) -> Iterator[str]:
    """The prefixes of the blocks that are reserved for prefixes."""
    for one in blocks(state, subnet, "prefix"):
        if one.version == version:
            yield from (str(prefix) for prefix in one.subnets(new_prefix=size))
