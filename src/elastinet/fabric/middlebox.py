"""Routes inside the VPC's own blocks: before the local ones, but not for the sender's subnet. Pure."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from elastinet.fabric import names
from elastinet.fabric.items import Rule
from elastinet.fabric.objects import Network
from elastinet.fabric.view import View


def is_inside(destination: str, network: Network) -> bool:
    """Whether a route is as specific as a local one, or more."""
    return any(IPv4Network(destination).subnet_of(IPv4Network(cidr)) for cidr in network.cidrs)


def rules(number: int, destination: str, network: Network, view: View) -> Iterator[Rule]:
    """What has a table's inside routes looked up first."""
    yield Rule(names.INSIDE_PREFERENCE, number, number | names.INSIDE_TABLES)
    for subnet in network.subnets:
        if IPv4Network(subnet.cidr).subnet_of(IPv4Network(destination)):
            mark = view.numbers.subnet(network.id, subnet.cidr) << names.TABLE_BITS | number
            own = Rule(names.OWN_SUBNET_PREFERENCE, mark, names.LOCAL_TABLE, names.WHOLE_MASK, subnet.cidr)
            yield own
