"""Gateway route tables: by which an internet gateway sends what comes in (facts sheet, section 6.1)."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.middlebox_routes import check_edge
from elastinet.ec2.core.namings import GATEWAY
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.routes import Association, RouteTable
from elastinet.model.vpc import InternetGateway
from elastinet.rules.routing import edge_table

EDGES = ("igw-", "vgw-")
"""The ids of what may go by a gateway route table begin so; no virtual private gateway is here."""


def associate_gateway(tx: Transaction, table: RouteTable, gateway_id: str) -> Association:
    """Let a VPC's internet gateway go by a table."""
    if not gateway_id.startswith(EDGES):
        sentence = "Only an internet gateway or a virtual private gateway goes by a route table."
        raise faults.invalid(gateway_id, "gatewayId", sentence)
    gateway = need(tx, InternetGateway, GATEWAY, gateway_id)
    if gateway.vpc_id != table.vpc_id:
        sentence = f"Route table {table.id} and network gateway {gateway_id} belong to different networks"
        raise faults.invalid(gateway_id, "gatewayId", sentence)
    if other := edge_table(tx.state, gateway_id):
        same = next(a for a in other.associations if a.gateway_id == gateway_id)
        if other.id == table.id:
            return same
        raise Fault(
            "Resource.AlreadyAssociated",
            f"the specified association for route table {table.id} conflicts with an existing association",
        )
    check_fit(table)
    association = Association(tx.new_id("rtbassoc"), None, gateway_id)
    tx.put(table.but(associations=(*table.associations, association)))
    return association


def check_fit(table: RouteTable) -> None:
    """Refuse a table that no gateway can go by."""
    if table.is_main:
        sentence = "The main route table cannot be associated with a gateway."
        raise faults.invalid(table.id, "routeTableId", sentence)
    for route in table.routes:
        check_edge(table, route)


def forget_gateway(tx: Transaction, gateway: InternetGateway) -> None:
    """End the association of a gateway that leaves its VPC."""
    if table := edge_table(tx.state, gateway.id):
        kept = tuple(a for a in table.associations if a.gateway_id != gateway.id)
        tx.put(table.but(associations=kept))
