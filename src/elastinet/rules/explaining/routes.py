"""The routes that a table lacks."""

from ipaddress import ip_network

from elastinet.catalog.nat64 import NAT64
from elastinet.model.peering import Peering
from elastinet.model.routes import RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import Vpc
from elastinet.rules.explaining.command import Command
from elastinet.rules.explaining.entries import hull
from elastinet.rules.ranges import meet, of_block
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Blocker
from elastinet.rules.routing import effective

TARGETS = {
    "igw": "GatewayId",
    "nat": "NatGatewayId",
    "pcx": "VpcPeeringConnectionId",
    "eigw": "EgressOnlyInternetGatewayId",
}


def route_command(state: State, blocker: Blocker, headers: Headers) -> Command:
    """The command that adds a route by a target, or gives a route that is there this target."""
    table = state.need(RouteTable, blocker.get("table"))
    target = blocker.get("destination")
    block = _block(state, table, target, headers)
    field = "DestinationCidrBlock" if headers.version == 4 else "DestinationIpv6CidrBlock"
    given = {"RouteTableId": table.id, field: block, TARGETS[target.partition("-")[0]]: target}
    known = any(route.destination == block for route in table.routes)
    return Command("ReplaceRoute" if known else "CreateRoute", given, table.region)


def _block(state: State, table: RouteTable, target: str, headers: Headers) -> str:
    """The block of a route: as wide as is usual, unless others of the table would win."""
    wanted = headers.field("destination")
    wide = _usual(state, table, target, headers)
    length = ip_network(wide).prefixlen
    others = (ip_network(block) for block, route in effective(state, table) if route.target != target)
    taken = any(
        other.version == headers.version and other.prefixlen >= length and meet(of_block(str(other)), wanted)
        for other in others
    )
    return hull(wanted, headers.version) if taken else wide


def _usual(state: State, table: RouteTable, target: str, headers: Headers) -> str:
    peering = state.get(Peering, target)
    if peering is None:
        every = str(NAT64) if target.startswith("nat-") else "::/0"
        return "0.0.0.0/0" if headers.version == 4 else every
    other = peering.accepter if peering.requester.vpc_id == table.vpc_id else peering.requester
    vpc, wanted = state.need(Vpc, other.vpc_id), headers.field("destination")
    blocks = vpc.cidrs if headers.version == 4 else vpc.cidrs6
    return next((block for block in blocks if meet(of_block(block), wanted)), hull(wanted, headers.version))
