"""Small regions with a way to the internet: by addresses of their own, by a NAT gateway, and two that meet there."""

from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import AnyObject, Appliance
from parts import ALL, eni, group, guest, network, table
from probes import public

HERE, PUBLIC, THERE, OTHER = "10.0.1.10", "203.0.113.101", "203.0.113.1", "203.0.113.102"
SILENT = "198.51.100.9"
"""Where nobody answers, if the internet is told so."""
INTERNET = names.internet_link("vpc-1")
BY_ITSELF = "nft 'add table ip own; add chain ip own in { type filter hook input priority 0; policy drop; }'"
"""Has an instance's own kernel answer nothing: no reset, no error of its own."""


def base() -> tuple[AnyObject, ...]:
    return (network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(ALL), guest(1), eni(1, HERE))


def by_gateway() -> tuple[AnyObject, ...]:
    return (*base(), public(1))


def by_nat() -> tuple[AnyObject, ...]:
    nat = eni(2, "10.0.2.20", guest="nat-2", groups=(), check=False, table="rtb-2")
    routes = (table(("0.0.0.0/0", "eni-2")), table(("0.0.0.0/0", "igw"), id="rtb-2"))
    return (*base(), *routes, Appliance("nat-2", "vpc-1"), nat, public(2))


def by_both() -> tuple[AnyObject, ...]:
    """Two instances that know each other by Elastic IPs."""
    return (*by_gateway(), guest(2), eni(2, "10.0.2.20"), public(2))
