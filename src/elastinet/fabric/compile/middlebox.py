"""Routes inside the VPC's own blocks: before the local ones, but not for the sender's subnet. Pure."""

from collections.abc import Iterator
from ipaddress import ip_network

from elastinet.fabric.compile.items import PolicyRule, family_of
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Network


def is_inside(destination: str, network: Network) -> bool:
    """True if a route is as specific as a local one, or more."""
    return any(_is_part(destination, cidr) for cidr in (*network.cidrs, *network.cidrs6))


def rules(number: int, destination: str, network: Network, view: CompileView) -> Iterator[PolicyRule]:
    """Policy rules that look up a table's inside routes before the local ones, but not for the own subnet."""
    family = family_of(destination)
    yield PolicyRule(names.INSIDE_PREFERENCE, number, number | names.INSIDE_TABLES, family=family)
    for subnet in network.subnets:
        for block in (subnet.cidr, subnet.cidr6):
            if block and _is_part(block, destination):
                mark = view.numbers.subnet(network.id, subnet.block) << names.TABLE_BITS | number
                yield PolicyRule(
                    names.OWN_SUBNET_PREFERENCE, mark, names.LOCAL_TABLE, names.WHOLE_MASK, block, family
                )


def _is_part(inner: str, outer: str) -> bool:
    """True if a block lies in another one of the same family."""
    part, whole = ip_network(inner), ip_network(outer)
    return part.network_address in whole and part.prefixlen >= whole.prefixlen
