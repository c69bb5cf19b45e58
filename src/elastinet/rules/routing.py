"""Route tables of subnets and gateways, and the route to an address (facts sheet, section 6.1)."""

from ipaddress import ip_address, ip_network

from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway
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


def leads_nowhere(state: State, table: RouteTable, route: Route) -> bool:
    """True if a route is a blackhole: its target is gone, detached, or not running."""
    if route.kind == "local":
        return False
    if route.kind == "gateway":
        gateway = state.get(InternetGateway, route.target)
        return gateway is None or gateway.vpc_id != table.vpc_id
    if route.kind == "egress":
        return state.get(EgressOnlyGateway, route.target) is None
    if route.kind == "nat":
        nat = state.get(NatGateway, route.target)
        return nat is None or not nat.alive
    if route.kind == "peering":
        peering = state.get(Peering, route.target)
        return peering is None or peering.status != "active"
    interface = state.get(NetworkInterface, route.target)
    if interface is None or interface.attachment is None:
        return True
    instance = state.get(Instance, interface.attachment.instance_id)
    return instance is None or not instance.powered
