"""Small regions for the agent's tests: one VPC (or two), a few guests."""

import base64
from typing import Any

from elastinet.fabric.contract.objects import (
    AnyObject,
    Group,
    GroupRule,
    Guest,
    Interface,
    Network,
    NetworkSubnet,
    RoutingTable,
    TableRoute,
)
from elastinet.rules import link_local

ALL = GroupRule(-1, -1, -1, "0.0.0.0/0")
SUBNETS = (
    NetworkSubnet("subnet-1", "10.0.1.0/24", "10.0.1.1"),
    NetworkSubnet("subnet-2", "10.0.2.0/24", "10.0.2.1"),
)


def network(id: str = "vpc-1", igw: str | None = None, **changes: Any) -> Network:
    fields = {"link_local": link_local.allowance()} | changes
    return Network(id, ("10.0.0.0/16",), SUBNETS, igw, "10.0.0.2", "ec2.internal", **fields)


def table(*routes: tuple[str, str], id: str = "rtb-1", network: str = "vpc-1") -> RoutingTable:
    return RoutingTable(id, network, tuple(TableRoute(*route) for route in routes))


def group(
    *ingress: GroupRule, id: str = "sg-1", egress: tuple[GroupRule, ...] = (ALL,), network: str = "vpc-1"
) -> Group:
    return Group(id, network, frozenset(ingress), frozenset(egress))


def guest(number: int, boot: int = 1, user_data: str = "", **changes: Any) -> Guest:
    data = base64.b64encode(user_data.encode()).decode()
    return Guest(f"i-{number}", f"host-{number}", boot, data, **changes)


def eni(number: int, address: str, **changes: Any) -> Interface:
    """The interface of guest `number`, at an address of one of the two subnets."""
    subnet = SUBNETS[0] if address.startswith("10.0.1.") else SUBNETS[1]
    fields: dict[str, Any] = {
        "id": f"eni-{number}",
        "network": "vpc-1",
        "guest": f"i-{number}",
        "attachment": "attach-1",
        "device": "eth0",
        "mac": f"02:00:00:00:00:{number:02x}",
        "subnet": subnet.cidr,
        "gateway": subnet.gateway,
        "addresses": (address,),
        "table": "rtb-1",
        "groups": ("sg-1",),
        "check": True,
    }
    return Interface(**(fields | changes))


def things(*guests: int, **changes: object) -> list[AnyObject]:
    """Some guests in one subnet that may exchange anything."""
    base: list[AnyObject] = [network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(ALL)]
    return [*base, *(item for n in guests for item in (guest(n), eni(n, f"10.0.1.{n}0")))]
