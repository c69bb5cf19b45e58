"""Routes inside the VPC's own blocks, towards a middlebox (facts sheet, section 6.1)."""

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.routes import Route, RouteTable
from elastinet.model.vpc import Subnet
from elastinet.rules.prefix_lists import is_prefix_list
from elastinet.rules.routing import is_inside

MIDDLEBOXES = ("interface", "nat")


def check_route(tx: Transaction, table: RouteTable, route: Route) -> None:
    """Refuse a route that this table, or the place of its destination, does not allow."""
    inside = not is_prefix_list(route.destination) and is_inside(table, route.destination)
    if table.is_edge:
        check_edge(table, route)
    if inside and route.kind not in MIDDLEBOXES:
        raise Fault(
            "InvalidParameterValue",
            f"The destination CIDR block {route.destination} is equal to or more specific than one of this "
            "VPC's CIDR blocks. This route can target only an interface or an instance.",
        )
    if inside and not route.is_implied and not _is_subnets(tx, table, route.destination):
        raise Fault("InvalidParameterValue", "Route destination doesn't match any subnet CIDR blocks.")


def _is_subnets(tx: Transaction, table: RouteTable, destination: str) -> bool:
    return any(destination in (s.cidr, s.cidr6) for s in tx.where(Subnet, "vpc-id", table.vpc_id))


def check_edge(table: RouteTable, route: Route) -> None:
    """Refuse what a gateway's table may not hold: another target than an interface, a block from outside."""
    if is_prefix_list(route.destination) or not is_inside(table, route.destination):
        raise Fault(
            "InvalidParameterValue",
            f"The route destination {route.destination} of the gateway route table {table.id} must lie in "
            "the CIDR blocks of the VPC.",
        )
    if route.kind not in ("local", "interface"):
        raise Fault(
            "InvalidParameterValue",
            f"The route target {route.target} of the gateway route table {table.id} is not supported.",
        )
