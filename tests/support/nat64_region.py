"""A private subnet of instances with IPv6, behind a NAT gateway that translates."""

from typing import Any

from elastinet.fabric.contract.objects import AnyObject, Appliance, Interface
from parts import ALL, eni, group, guest, table
from probes import public
from sixparts import ALL6, BLOCKS, eni6, network6, six

EVERYWHERE = ("64:ff9b::/96", "eni-2")
NAT = Appliance("nat-2", "vpc-1", nat64=True)
INTERNET64 = "64:ff9b::cb00:7101"


def gateway(**changes: Any) -> Interface:
    """The NAT gateway's interface."""
    fields: dict[str, Any] = {"guest": "nat-2", "groups": (), "check": False, "table": "rtb-2"}
    return eni(2, "10.0.2.20", **({"subnet6": BLOCKS[1]} | fields | changes))


def region() -> tuple[AnyObject, ...]:
    """Two instances with IPv6, and one with IPv4 only, in the private subnet of a NAT gateway."""
    base = (
        network6(igw="igw-1"),
        table(("0.0.0.0/0", "eni-2"), EVERYWHERE),
        table(("0.0.0.0/0", "igw"), id="rtb-2"),
    )
    all_out = group(ALL, ALL6, egress=(ALL, ALL6))
    things = (*base, all_out, NAT, gateway(), public(2))
    one, three = eni6(1, six(1, "10")), eni6(3, six(1, "30"))
    return (*things, guest(1), one, guest(3), three, guest(4), eni(4, "10.0.2.40", table="rtb-2"))
