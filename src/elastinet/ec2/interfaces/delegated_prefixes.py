"""The prefixes that are delegated to interfaces: which ones, and how many (facts sheet, section 1.4)."""

from collections.abc import Iterator, Set
from itertools import islice
from random import Random
from typing import Protocol

from elastinet.ec2.core.address_limits import check_count
from elastinet.ec2.core.address_requests import AddressRequest
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.state import State
from elastinet.model.vpc import Subnet

FULL = "The specified subnet does not have enough free cidr blocks to satisfy the request."
"""What is free is in pieces, none of which is a prefix."""

TOO_SMALL = "There aren't sufficient free Ipv4 addresses or prefixes"
"""There are fewer free addresses than the prefixes have; the two refusals are told apart so by AWS's support
(cilium/cilium#31016)."""


class Pool(Protocol):
    """The questions about prefixes that `rules` answers for one address family; a module."""

    def holds_prefix(self, subnet: Subnet, prefix: str) -> bool:
        """True if a prefix may be given in a subnet."""

    def is_free_prefix(self, state: State, subnet: Subnet, prefix: str) -> bool:
        """True if nothing of a prefix is in use."""

    def has_room(self, state: State, subnet: Subnet, count: int) -> bool:
        """True if a subnet has as many free addresses as so many prefixes have, wherever they are."""

    def free_prefixes(self, state: State, subnet: Subnet, dice: Random) -> Iterator[str]:
        """The free prefixes of a subnet."""


def pick_prefixes(
    tx: Transaction, subnet: Subnet, pool: Pool, asked: AddressRequest, but: Set[str] = frozenset()
) -> tuple[str, ...]:
    """The prefixes that a request asks for, none of them one of `but`."""
    check_count(asked.size)
    for prefix in asked.prefixes:
        if not pool.holds_prefix(subnet, prefix):
            sentence = f"The prefix {prefix} does not fall within the subnet's address range"
            raise Fault("InvalidParameterValue", sentence)
        if prefix in but or not pool.is_free_prefix(tx.state, subnet, prefix):
            raise Fault("InvalidIPAddress.InUse", "The specified prefix is already in use.")
    if not asked.prefix_count:
        return asked.prefixes
    if not pool.has_room(tx.state, subnet, asked.prefix_count):
        raise Fault("InvalidParameterValue", TOO_SMALL)
    free = (p for p in pool.free_prefixes(tx.state, subnet, tx.dice) if p not in but)
    found = tuple(islice(free, asked.prefix_count))
    if len(found) < asked.prefix_count:
        raise Fault("InsufficientCidrBlocks", FULL)
    return found
