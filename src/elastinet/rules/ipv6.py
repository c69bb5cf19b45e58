"""A VPC's IPv6 blocks, and a subnet's IPv6 addresses and prefixes (facts sheet, section 4)."""

import ipaddress
import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from elastinet.catalog.regions import ipv6_range
from elastinet.model.interface import NetworkInterface
from elastinet.model.prefixes import SIZES, prefix_of
from elastinet.model.state import State
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import addressing
from elastinet.rules.reservations import blocks, is_set_aside, reserved_prefixes

VPC_PREFIX, SUBNET_PREFIX = 56, 64


@lru_cache(maxsize=4096)
def network(cidr: str) -> ipaddress.IPv6Network:
    """An IPv6 block."""
    return ipaddress.IPv6Network(cidr)


def free_block(state: State, region: str, dice: random.Random) -> str | None:
    """A block for a VPC that no VPC of any account has."""
    pool = ipv6_range(region)
    size, base = 2 ** (VPC_PREFIX - pool.prefixlen), int(pool.network_address)
    start = dice.randrange(size)
    for step in range(size):
        number = (start + step) % size
        block = str(ipaddress.IPv6Network((base + (number << (128 - VPC_PREFIX)), VPC_PREFIX)))
        if not state.count(Vpc, "ipv6-cidr-block", block):
            return block
    return None


def usable(subnet: Subnet, address: str) -> bool:
    """True if an address lies in the subnet's IPv6 block and is not one of the five that EC2 reserves."""
    block = network(subnet.cidr6)
    return 4 <= int(ipaddress.IPv6Address(address)) - int(block.network_address) < block.num_addresses - 1


def is_reserved(subnet: Subnet, address: str) -> bool:
    """True if an address is one of the five that EC2 reserves in the subnet's IPv6 block."""
    return ipaddress.IPv6Address(address) in network(subnet.cidr6) and not usable(subnet, address)


def in_use(state: State, subnet: Subnet, address: str) -> bool:
    """True if an interface has this address, by itself or in a prefix."""
    if state.count(NetworkInterface, "ipv6-addresses.ipv6-address", address):
        return True
    return addressing.is_delegated(state, subnet, prefix_of(address))


def free_addresses(state: State, subnet: Subnet, dice: random.Random) -> Iterator[str]:
    """Free addresses of a subnet's block, at random, each once; there are more than anyone can take."""
    block, seen, reserved = network(subnet.cidr6), set(), blocks(state, subnet)
    while True:
        address = str(block[dice.randrange(4, block.num_addresses - 1)])
        if address in seen or is_set_aside(reserved, address):
            continue
        if not in_use(state, subnet, address):
            seen.add(address)
            yield address


def holds_prefix(subnet: Subnet, prefix: str) -> bool:
    """True if a prefix lies in the subnet's block and contains none of EC2's five reserved addresses."""
    block = network(prefix)
    return usable(subnet, str(block[0])) and usable(subnet, str(block[-1]))


def is_free_prefix(state: State, subnet: Subnet, prefix: str) -> bool:
    """True if no interface has this prefix or an address in it."""
    has_address = state.count(NetworkInterface, "ipv6-block", prefix) > 0
    return not has_address and not addressing.is_delegated(state, subnet, prefix)


def has_room(state: State, subnet: Subnet, count: int) -> bool:
    """True always: no interface bears as many prefixes as a /64 has."""
    return True


def free_prefixes(state: State, subnet: Subnet, dice: random.Random) -> Iterator[str]:
    """Free prefixes of a subnet's block, each once: reserved ones, then all others from a random place on."""
    for prefix in reserved_prefixes(state, subnet, 6, SIZES[6]):
        if holds_prefix(subnet, prefix) and is_free_prefix(state, subnet, prefix):
            yield prefix
    reserved = blocks(state, subnet)
    base, shift = int(network(subnet.cidr6).network_address), 128 - SIZES[6]
    size = 2 ** (SIZES[6] - SUBNET_PREFIX) - 2
    start = dice.randrange(size)
    for number in chain(range(start, size), range(start)):
        prefix = f"{ipaddress.IPv6Address(base + (number + 1 << shift))}/{SIZES[6]}"
        if not is_set_aside(reserved, prefix) and is_free_prefix(state, subnet, prefix):
            yield prefix


def gateway(cidr: str) -> str:
    """The router's address in a subnet's IPv6 block."""
    return str(network(cidr)[1])
