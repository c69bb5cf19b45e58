"""The routes that gateway endpoints put into route tables; nobody else makes or removes them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from elastinet.ec2.core import faults
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.routes import RouteTable

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import RouteTypeDef


def endpoints_of(tx: Transaction, table: RouteTable) -> Iterator[VpcEndpoint]:
    """The endpoints with a route in a table."""
    return tx.state.where(VpcEndpoint, "route-table", table.id)


def endpoint_route(endpoint: VpcEndpoint) -> "RouteTypeDef":
    """An endpoint's route as route tables show it."""
    return {
        "DestinationPrefixListId": endpoint.prefix_list,
        "GatewayId": endpoint.id,
        "Origin": "CreateRoute",
        "State": "active",
    }


def check_no_route(tx: Transaction, table: RouteTable, destination: str) -> None:
    """Refuse a second route to a service's prefix list."""
    taken = {route.destination for route in table.routes} | {e.prefix_list for e in endpoints_of(tx, table)}
    if destination in taken:
        sentence = f"route table {table.id} already has a route with destination-prefix-list-id {destination}"
        raise Fault("RouteAlreadyExists", sentence)


def check_not_of_endpoint(tx: Transaction, table: RouteTable, destination: str) -> None:
    """Refuse to touch an endpoint's route."""
    if any(endpoint.prefix_list == destination for endpoint in endpoints_of(tx, table)):
        sentence = f"cannot remove VPC endpoint route {destination} in route table {table.id}"
        raise Fault("InvalidParameterValue", sentence)


def forget_table(tx: Transaction, table: RouteTable) -> None:
    """Take a table that is to go from the endpoints that it has routes of."""
    for endpoint in list(endpoints_of(tx, table)):
        tx.put(endpoint.but(route_tables=tuple(id for id in endpoint.route_tables if id != table.id)))


def check_no_endpoint(tx: Transaction, vpc_id: str) -> None:
    """Refuse to remove a VPC that has endpoints."""
    if tx.state.count(VpcEndpoint, "vpc-id", vpc_id):
        raise faults.dependency(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
