"""Which way packets go (facts sheet, section 6.1)."""

from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway


def main_table(state: State, vpc_id: str) -> RouteTable:
    """The table of a VPC's subnets that have none of their own."""
    return next(t for t in state.where(RouteTable, "vpc-id", vpc_id) if t.is_main)


def table_of(state: State, vpc_id: str, subnet_id: str) -> RouteTable:
    """The table that a subnet's packets go by."""
    own = next(state.where(RouteTable, "association.subnet-id", subnet_id), None)
    return own or main_table(state, vpc_id)


def leads_nowhere(state: State, table: RouteTable, route: Route) -> bool:
    """Whether a route is a blackhole: its target is gone, detached, or not running."""
    if route.kind == "local":
        return False
    if route.kind == "gateway":
        gateway = state.get(InternetGateway, route.target)
        return gateway is None or gateway.vpc_id != table.vpc_id
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
    return instance is None or not instance.alive
