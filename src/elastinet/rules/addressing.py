"""A subnet's IPv4 addresses and prefixes, and the pool of public ones (facts sheet, section 2)."""

import ipaddress
import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from elastinet.catalog.network import PUBLIC_POOL, RESERVED_ADDRESSES
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.prefixes import SIZES, prefix_of
from elastinet.model.state import State
from elastinet.model.vpc import Subnet
from elastinet.rules.reservations import blocks, is_set_aside, reserved_prefixes

PREFIX_SIZE = 1 << (32 - SIZES[4])
"""Number of addresses in a delegated prefix (/28)."""


@lru_cache(maxsize=4096)
def network(cidr: str) -> ipaddress.IPv4Network:
    """An IPv4 block."""
    return ipaddress.IPv4Network(cidr)


def gateway(cidr: str) -> str:
    """The router's address in a subnet."""
    return str(network(cidr)[1])


def resolver(cidr: str) -> str:
    """The resolver's address in a VPC, by its primary block."""
    return str(network(cidr)[2])


def usable(subnet: Subnet, address: str) -> bool:
    """True if an address lies in the subnet and is not one of the five that EC2 reserves."""
    if subnet.ipv6_native:
        return False
    block = network(subnet.cidr)
    try:
        number = int(ipaddress.IPv4Address(address)) - int(block.network_address)
    except ValueError:
        return False
    return 4 <= number < block.num_addresses - 1


def in_use(state: State, subnet: Subnet, address: str) -> bool:
    """True if an interface of the subnet has this address, by itself or in a prefix."""
    return has_address(state, subnet, address) or is_delegated(state, subnet, prefix_of(address))


def has_address(state: State, subnet: Subnet, address: str) -> bool:
    """True if an interface of the subnet has this address by itself."""
    return state.count(NetworkInterface, "address", (subnet.id, address)) > 0


def is_delegated(state: State, subnet: Subnet, prefix: str) -> bool:
    """True if an interface of the subnet's VPC has this prefix, of either family."""
    return state.count(NetworkInterface, "prefix", (subnet.vpc_id, prefix)) > 0


def free_count(state: State, subnet: Subnet) -> int:
    """Number of free IPv4 addresses in a subnet; a delegated prefix counts as 16."""
    if subnet.ipv6_native:
        return 0
    there = state.where(NetworkInterface, "subnet-id", subnet.id)
    taken = sum(len(i.addresses) + PREFIX_SIZE * len(i.prefixes) for i in there)
    return network(subnet.cidr).num_addresses - RESERVED_ADDRESSES - taken


def _places(size: int, dice: random.Random) -> Iterator[int]:
    """Every place of so many, once, first from the upper half: who names an address names a low one.

    Then some of all, so that a full half costs no search, and in the end each in turn.
    """
    seen: set[int] = set()
    start = dice.randrange(size)
    upper = (dice.randrange(size // 2, size) for _ in range(16))
    anywhere = (dice.randrange(size) for _ in range(8))
    for place in chain(upper, anywhere, range(start, size), range(start)):
        if place not in seen:
            seen.add(place)
            yield place


def free_addresses(state: State, subnet: Subnet, dice: random.Random) -> Iterator[str]:
    """Free addresses of a subnet, each once, scattered, from its upper half while that is not nearly full."""
    block = network(subnet.cidr)
    size, base = block.num_addresses - RESERVED_ADDRESSES, int(block.network_address) + 4
    reserved = blocks(state, subnet)
    for place in _places(size, dice):
        address = str(ipaddress.IPv4Address(base + place))
        if not is_set_aside(reserved, address) and not in_use(state, subnet, address):
            yield address


def holds_prefix(subnet: Subnet, prefix: str) -> bool:
    """True if a prefix lies in the subnet and contains none of EC2's five reserved addresses."""
    block = network(prefix)
    return usable(subnet, str(block[0])) and usable(subnet, str(block[-1]))


def is_free_prefix(state: State, subnet: Subnet, prefix: str) -> bool:
    """True if no interface has this prefix or an address in it."""
    if is_delegated(state, subnet, prefix):
        return False
    return not any(has_address(state, subnet, str(address)) for address in network(prefix))


def has_room(state: State, subnet: Subnet, count: int) -> bool:
    """True if a subnet has as many free addresses as so many prefixes have, wherever they are."""
    return PREFIX_SIZE * count <= free_count(state, subnet)


def free_prefixes(state: State, subnet: Subnet, dice: random.Random) -> Iterator[str]:
    """Free prefixes of a subnet, each once: reserved ones, then all others, scattered."""
    for prefix in reserved_prefixes(state, subnet, 4, SIZES[4]):
        if holds_prefix(subnet, prefix) and is_free_prefix(state, subnet, prefix):
            yield prefix
    reserved, block = blocks(state, subnet), network(subnet.cidr)
    size, base = block.num_addresses // PREFIX_SIZE - 2, int(block.network_address) + PREFIX_SIZE
    for number in _places(size, dice) if size > 0 else ():
        prefix = f"{ipaddress.IPv4Address(base + number * PREFIX_SIZE)}/{SIZES[4]}"
        if not is_set_aside(reserved, prefix) and is_free_prefix(state, subnet, prefix):
            yield prefix


def free_public(state: State, dice: random.Random) -> str | None:
    """A public address that nobody in any account or region has."""
    size, base = PUBLIC_POOL.num_addresses - 2, int(PUBLIC_POOL.network_address) + 1
    start = dice.randrange(size)
    for step in range(size):
        address = str(ipaddress.IPv4Address(base + (start + step) % size))
        if not public_in_use(state, address):
            return address
    return None


def public_in_use(state: State, address: str) -> bool:
    """True if a public address belongs to an Elastic IP or an interface."""
    return any(state.count(kind, "public-ip", address) for kind in (Address, NetworkInterface))


def is_public(address: str) -> bool:
    """True if an address lies in elastinet's pool of public addresses; False for what is no IPv4 address."""
    try:
        return ipaddress.IPv4Address(address) in PUBLIC_POOL
    except ValueError:
        return False
