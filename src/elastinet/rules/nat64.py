"""NAT64: which NAT gateways have IPv6 packets to translate to IPv4."""

from elastinet.catalog.nat64 import is_nat64
from elastinet.model.nat import NatGateway
from elastinet.model.routes import RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import Vpc


def translates(state: State, gateway: NatGateway) -> bool:
    """True if some route of a VPC with IPv6 sends to a NAT gateway what stands for IPv4 addresses."""
    routes = (route for table in state.where(RouteTable, "target", gateway.id) for route in table.routes)
    return bool(state.need(Vpc, gateway.vpc_id).cidrs6) and any(
        route.target == gateway.id and is_nat64(route.destination) for route in routes
    )
