"""Route tables of subnets and gateways, and the route to an address (facts sheet, section 6.1)."""

from ipaddress import ip_address, ip_network

from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.rules.prefix_lists import blocks, is_prefix_list


def main_table(state: State, vpc_id: str) -> RouteTable:
    """The table of a VPC's subnets that have none of their own."""
    return next(t for t in state.where(RouteTable, "vpc-id", vpc_id) if t.is_main)


def table_of(state: State, vpc_id: str, subnet_id: str) -> RouteTable:
    """The table that a subnet's packets go by."""
    own = next(state.where(RouteTable, "association.subnet-id", subnet_id), None)
    return own or main_table(state, vpc_id)


def edge_table(state: State, gateway_id: str) -> RouteTable | None:
    """The table by which a gateway sends what comes in from outside, if it has one."""
    return next(state.where(RouteTable, "association.gateway-id", gateway_id), None)


def is_inside(table: RouteTable, destination: str) -> bool:
    """True if a block lies in one of the VPC's own blocks, where its route comes before the local one."""
    wanted = ip_network(destination)
    own = (ip_network(r.destination) for r in table.routes if r.is_implied)
    return any(wanted.version == block.version and wanted.subnet_of(block) for block in own)  # type: ignore[arg-type]


def route_to(state: State, table: RouteTable, address: str) -> Route | None:
    """The route by which a table sends to an address: the longest block, a route's own before a list's.

    Inside the VPC no block of a prefix list goes before the local route.
    """
    wanted = ip_address(address)
    found: Route | None = None
    best = (-1, False)
    for route in table.routes:
        listed = is_prefix_list(route.destination)
        for block in map(ip_network, blocks(state, route.destination)):
            rank = (block.prefixlen, not listed)
            if wanted in block and rank > best and not (listed and is_inside(table, str(block))):
                found, best = route, rank
    return found
