"""Two VPCs and what is between them, as objects."""

from typing import Any

from elastinet.fabric.contract.objects import (
    AnyObject,
    GroupRule,
    Interface,
    Network,
    NetworkSubnet,
    PeeringLink,
)
from parts import ALL, eni, group, guest, table

PINGED = (GroupRule(1, 8, -1, "0.0.0.0/0"), GroupRule(58, 128, -1, "::/0"))
EVERY = (ALL, GroupRule(-1, -1, -1, "::/0"))


def vpc(number: int) -> Network:
    block = f"2001:db8:0:{number}00::/56"
    subnet = NetworkSubnet(
        f"subnet-{number}", f"10.{number}.1.0/24", f"10.{number}.1.1", f"2001:db8:0:{number}01::/64"
    )
    return Network(
        f"vpc-{number}",
        (f"10.{number}.0.0/16",),
        (subnet,),
        None,
        f"10.{number}.0.2",
        "internal",
        cidrs6=(block,),
    )


def at(number: int, **changes: Any) -> Interface:
    fields: dict[str, Any] = {
        "network": f"vpc-{number}", "subnet": f"10.{number}.1.0/24", "gateway": f"10.{number}.1.1",
        "table": f"rtb-{number}", "groups": (f"sg-{number}",),
        "subnet6": f"2001:db8:0:{number}01::/64", "addresses6": (f"2001:db8:0:{number}01::10",),
    }  # fmt: skip
    return eni(number, f"10.{number}.1.10", **(fields | changes))


def side(number: int, *routes: tuple[str, str]) -> tuple[AnyObject, ...]:
    own = {"id": f"rtb-{number}", "network": f"vpc-{number}"}
    letting = group(*PINGED, id=f"sg-{number}", network=f"vpc-{number}", egress=EVERY)
    return (vpc(number), table(*routes, **own), letting, guest(number), at(number))


def between(one: int, other: int, **changes: Any) -> PeeringLink:
    return PeeringLink(f"pcx-{one}{other}", (f"vpc-{one}", f"vpc-{other}"), **changes)
