"""Route tables, and which subnets go by them."""

from typing import TYPE_CHECKING, Literal, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.vpc.endpoint_routes import endpoint_route, endpoints_of, forget_table
from elastinet.ec2.vpc.gateway_tables import associate_gateway, check_fit
from elastinet.ec2.vpc.vpcs import local_routes
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.routes import Association, Route, RouteTable
from elastinet.model.view import StateView
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.interfaces import instance_id_of
from elastinet.rules.next_hop import is_blackhole
from elastinet.rules.prefix_lists import is_prefix_list

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import RouteOriginType
    from mypy_boto3_ec2.type_defs import (
        RouteTableAssociationTypeDef,
        RouteTableTypeDef,
        RouteTypeDef,
    )

DestinationMember = Literal["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"]
TargetMember = Literal[
    "GatewayId", "NatGatewayId", "VpcPeeringConnectionId", "EgressOnlyInternetGatewayId",
    "NetworkInterfaceId", "TransitGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn",
]  # fmt: skip

MEMBERS: dict[str, TargetMember] = {
    "local": "GatewayId",
    "gateway": "GatewayId",
    "nat": "NatGatewayId",
    "peering": "VpcPeeringConnectionId",
    "egress": "EgressOnlyInternetGatewayId",
}
"""The member that shows a route's target, by kind; a route to an interface shows the instance too."""
FOREIGN_MEMBERS: dict[str, TargetMember] = {
    "nat": "NatGatewayId",
    "pcx": "VpcPeeringConnectionId",
    "eigw": "EgressOnlyInternetGatewayId",
    "eni": "NetworkInterfaceId",
    "tgw": "TransitGatewayId",
    "lgw": "LocalGatewayId",
    "cagw": "CarrierGatewayId",
    "arn": "CoreNetworkArn",
}
"""The member that shows a target which is foreign here, by how its id begins; others are gateways."""


def view(tx: Transaction, table: RouteTable) -> StateView:
    """A route table in the shape of the API."""
    nowhere = tuple(is_blackhole(tx.state, table, route) for route in table.routes)
    targets = tuple(tx.state.get(NetworkInterface, r.target) for r in table.routes if r.kind == "interface")
    return tx.views.of(
        table, (*nowhere, *targets, *endpoints_of(tx, table)), lambda: _view(tx, table, nowhere)
    )


def _view(tx: Transaction, table: RouteTable, nowhere: tuple[bool, ...]) -> "RouteTableTypeDef":
    return {
        "RouteTableId": table.id,
        "VpcId": table.vpc_id,
        "OwnerId": table.owner,
        "Routes": [
            *(_route(tx, route, lost) for route, lost in zip(table.routes, nowhere, strict=True)),
            *(endpoint_route(endpoint) for endpoint in endpoints_of(tx, table)),
        ],
        "Associations": [_association(table, a) for a in table.associations],
        "PropagatingVgws": [],
        "Tags": tag_set(table),
    }


def _route(tx: Transaction, route: Route, lost: bool) -> "RouteTypeDef":
    shown: RouteTypeDef = {
        "Origin": cast("RouteOriginType", route.origin),
        "State": "blackhole" if lost else "active",
    }
    shown[destination_member(route.destination)] = route.destination
    if route.kind != "interface":
        shown[target_member(route)] = route.target
        return shown
    interface = tx.state.get(NetworkInterface, route.target)
    if interface is not None and (instance_id := instance_id_of(interface)):
        shown |= {"InstanceId": instance_id, "InstanceOwnerId": interface.owner}
    shown["NetworkInterfaceId"] = route.target
    return shown


def target_member(route: Route) -> TargetMember:
    """The name under which a route shows its target, if it is no interface that is known."""
    if route.kind != "foreign":
        return MEMBERS[route.kind]
    return FOREIGN_MEMBERS.get(route.target.partition("-")[0].partition(":")[0], "GatewayId")


def destination_member(destination: str) -> DestinationMember:
    """The name under which a route shows its destination."""
    if is_prefix_list(destination):
        return "DestinationPrefixListId"
    return "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"


def _association(table: RouteTable, association: Association) -> "RouteTableAssociationTypeDef":
    shown: RouteTableAssociationTypeDef = {
        "RouteTableAssociationId": association.id,
        "RouteTableId": table.id,
        "Main": association.is_main,
        "AssociationState": {"State": "associated"},
    }
    if association.subnet_id:
        shown["SubnetId"] = association.subnet_id
    if association.gateway_id:
        shown["GatewayId"] = association.gateway_id
    return shown


ROUTE_TABLES = Describable(
    RouteTable,
    "rtb",
    "RouteTables",
    "RouteTableIds",
    view,
    paths(
        """
        association.gateway-id association.route-table-association-id association.route-table-id
        association.subnet-id association.main owner-id route-table-id route.destination-cidr-block
        route.destination-ipv6-cidr-block route.destination-prefix-list-id
        route.egress-only-internet-gateway-id route.gateway-id route.instance-id route.nat-gateway-id
        route.transit-gateway-id route.origin route.state route.vpc-peering-connection-id vpc-id
        """,
        {"association": "Associations", "route": "Routes"},
    ),
    {
        "vpc-id": "vpc-id",
        "association.subnet-id": "association.subnet-id",
        "association.gateway-id": "association.gateway-id",
    },
)


def describe_route_tables(tx: Transaction, request: Request) -> Answer:
    """Route tables by id or filter."""
    return describe(tx, request, ROUTE_TABLES)


def create_route_table(tx: Transaction, request: Request) -> Answer:
    """A route table with the VPC's local routes."""
    id = once(tx, "CreateRouteTable", request, lambda: _make(tx, request).id)
    # A token's table may have been deleted since.
    return {"RouteTable": view(tx, need(tx, RouteTable, "rtb", id))}


def _make(tx: Transaction, request: Request) -> RouteTable:
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if tx.state.count(RouteTable, "vpc-id", vpc.id) >= tx.settings.quotas.route_tables_per_vpc:
        raise faults.quota("RouteTableLimitExceeded", "route tables")
    tags = tags_for(tx, request, "route-table")
    return tx.new(RouteTable, "rtb", vpc_id=vpc.id, routes=local_routes(vpc), tags=tags)


def delete_route_table(tx: Transaction, request: Request) -> None:
    """Remove a route table that no subnet goes by."""
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    if table.associations:
        raise faults.dependency(f"The routeTable '{table.id}' has dependencies and cannot be deleted.")
    forget_table(tx, table)
    tx.drop(table)


def associate_route_table(tx: Transaction, request: Request) -> Answer:
    """Let a subnet, or the VPC's internet gateway, go by a table."""
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    subnet_id, gateway_id = request.get("SubnetId"), request.get("GatewayId")
    if subnet_id is None and gateway_id is None:
        raise faults.missing_parameter("subnetId")
    if subnet_id is not None and gateway_id is not None:
        raise faults.combination("Only one of subnetId and gatewayId may be specified.")
    if gateway_id is not None:
        association = associate_gateway(tx, table, gateway_id)
    else:
        association = _associate(tx, table, _subnet(tx, table, subnet_id))
    return {"AssociationId": association.id, "AssociationState": {"State": "associated"}}


def _subnet(tx: Transaction, table: RouteTable, subnet_id: str) -> Subnet:
    subnet = need(tx, Subnet, "subnet", subnet_id)
    if subnet.vpc_id != table.vpc_id:
        raise faults.invalid(
            subnet.id,
            "subnetId",
            f"Route table {table.id} and subnet {subnet.id} belong to different networks",
        )
    return subnet


def _associate(tx: Transaction, table: RouteTable, subnet: Subnet) -> Association:
    for other in tx.where(RouteTable, "association.subnet-id", subnet.id):
        same = next(a for a in other.associations if a.subnet_id == subnet.id)
        if other.id == table.id:
            return same
        raise Fault(
            "Resource.AlreadyAssociated",
            f"the specified association for route table {table.id} conflicts with an existing association",
        )
    association = Association(tx.new_id("rtbassoc"), subnet.id)
    tx.put(table.but(associations=(*table.associations, association)))
    return association


def _holding(tx: Transaction, id: str) -> tuple[RouteTable, Association]:
    table = next(tx.where(RouteTable, "association", id), None)
    if table is None:
        faults.check_form("rtbassoc", id)
        raise faults.missing("rtbassoc", [id])
    return table, next(a for a in table.associations if a.id == id)


def _without(table: RouteTable, association: Association) -> RouteTable:
    return table.but(associations=tuple(a for a in table.associations if a != association))


def disassociate_route_table(tx: Transaction, request: Request) -> None:
    """Let a subnet go by the main table again, or a gateway by none."""
    table, association = _holding(tx, request["AssociationId"])
    if association.is_main:
        raise faults.invalid(
            association.id, "associationId", "The main route table association cannot be disassociated."
        )
    tx.put(_without(table, association))


def replace_route_table_association(tx: Transaction, request: Request) -> Answer:
    """Let a subnet, a gateway, or (by the main association) all that have no table go by another table."""
    old, association = _holding(tx, request["AssociationId"])
    table = need(tx, RouteTable, "rtb", request["RouteTableId"])
    if old.vpc_id != table.vpc_id:
        raise faults.invalid(
            table.id, "routeTableId", f"Route tables {table.id} and {old.id} belong to different networks"
        )
    if association.gateway_id:
        check_fit(table)
    if association.is_main and table.is_edge:
        sentence = "A gateway route table cannot be the main route table."
        raise faults.invalid(table.id, "routeTableId", sentence)
    new = Association(tx.new_id("rtbassoc"), association.subnet_id, association.gateway_id)
    tx.put(_without(old, association))
    table = tx.need(RouteTable, table.id)
    tx.put(table.but(associations=(*table.associations, new)))
    return {"NewAssociationId": new.id, "AssociationState": {"State": "associated"}}
