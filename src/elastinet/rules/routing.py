"""Route tables of subnets and gateways, and the route to an address (facts sheet, section 6.1)."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.prefix_lists import blocks, is_prefix_list


def gateway_of(state: State, vpc_id: str) -> InternetGateway | None:
    """The internet gateway of a VPC."""
    return next(state.where(InternetGateway, "attachment.vpc-id", vpc_id), None)


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


def effective(state: State, table: RouteTable) -> Iterator[tuple[str, Route]]:
    """The blocks that a table sends to, each once, with the route that wins it; local ones are last.

    A route of its own goes before the same block in a prefix list, whose blocks inside the VPC never go
    before the local route. The longest block that holds an address is its way.
    """
    seen: set[str] = set()
    for route in sorted(table.routes, key=_rank):
        listed = is_prefix_list(route.destination)
        for block in blocks(state, route.destination):
            if block not in seen and not (listed and is_inside(table, block)):
                seen.add(block)
                yield block, route


def _rank(route: Route) -> tuple[bool, bool]:
    return route.kind == "local", is_prefix_list(route.destination)


def route_to(state: State, table: RouteTable, address: str) -> Route | None:
    """The route by which a table sends to an address."""
    wanted = ip_address(address)
    found = ((ip_network(block), route) for block, route in effective(state, table))
    holding = [(block.prefixlen, route) for block, route in found if wanted in block]
    return max(holding, key=lambda pair: pair[0])[1] if holding else None
