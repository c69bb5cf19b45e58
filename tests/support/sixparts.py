"""Small regions that carry IPv6, for the agent's tests."""

from typing import Any

import msgspec

from elastinet.fabric.contract.objects import GroupRule, Interface, Network
from parts import eni, network

BLOCK = "2001:db8:0:100::/56"
BLOCKS = ("2001:db8:0:101::/64", "2001:db8:0:102::/64")
ALL6 = GroupRule(-1, -1, -1, "::/0")
INTERNET = "3fff::1"
ROUTER = "fe80::c00:ff:fe00:1"


def network6(id: str = "vpc-1", **changes: Any) -> Network:
    """A network whose two subnets have IPv6 blocks."""
    plain = network(id)
    subnets = tuple(
        msgspec.structs.replace(subnet, cidr6=block)
        for subnet, block in zip(plain.subnets, BLOCKS, strict=True)
    )
    return msgspec.structs.replace(plain, **({"subnets": subnets, "cidrs6": (BLOCK,)} | changes))


def eni6(number: int, address: str, *more: str, **changes: Any) -> Interface:
    """The interface of guest `number` in one of the two subnets, known by its IPv6 addresses."""
    subnet = 1 if address.startswith(six(1, "")) else 2
    own = {"subnet6": BLOCKS[subnet - 1], "addresses6": (address, *more)}
    return eni(number, f"10.0.{subnet}.{number}0", **(own | changes))


def six(subnet: int, host: str) -> str:
    """An address of one of the two subnets."""
    return BLOCKS[subnet - 1].replace("::/64", f"::{host}")
