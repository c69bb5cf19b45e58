"""Gateway endpoints: routes to a service's prefix list, which only they make and remove."""

from elastinet.catalog.endpoint_services import prefix_list_id
from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.namings import ROUTE_TABLE
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.endpoint_routes import check_no_route
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.routes import RouteTable

_SUBNETS = "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints."
_GROUPS = "Security Groups are only supported for Interface type VPC Endpoints."
OF_INTERFACES = {
    **dict.fromkeys(("SubnetIds", "AddSubnetIds", "RemoveSubnetIds", "SubnetConfigurations"), _SUBNETS),
    **dict.fromkeys(("SecurityGroupIds", "AddSecurityGroupIds", "RemoveSecurityGroupIds"), _GROUPS),
}
"""What only interface endpoints have, and the refusal of it."""
ONLY_INBOUND = "PrivateDnsOnlyForInboundResolverEndpoint"


def furnish(tx: Transaction, request: Request, endpoint: VpcEndpoint) -> VpcEndpoint:
    """A new endpoint with routes to it in the tables that a request names."""
    _check(request)
    there = sum(1 for other in tx.mine(VpcEndpoint) if other.kind == "Gateway")
    if there >= tx.settings.quotas.gateway_endpoints:
        raise faults.quota("VpcEndpointLimitExceeded", "VPC endpoints")
    endpoint = endpoint.but(prefix_list=prefix_list_id(tx.owner, endpoint.service_name))
    return _routed(tx, endpoint, request.ids("RouteTableIds"))


def change(tx: Transaction, request: Request, endpoint: VpcEndpoint) -> VpcEndpoint:
    """The endpoint with routes in other tables."""
    _check(request)
    endpoint = tx.put(_unrouted(tx, endpoint, request.ids("RemoveRouteTableIds")))
    return _routed(tx, endpoint, request.ids("AddRouteTableIds"))


def _check(request: Request) -> None:
    """Refuse what gateway endpoints do not have."""
    for name, sentence in OF_INTERFACES.items():
        if request.get(name):
            raise Fault("InvalidParameter", sentence)
    for name, value in (("IpAddressType", "ipv4"), ("PrivateDnsEnabled", False)):
        if request.get(name, value) != value:
            sentence = f"The parameter {name} is not supported for the endpoint type Gateway."
            raise Fault("InvalidParameter", sentence)
    if (options := request.get("DnsOptions")) and options.get(ONLY_INBOUND):
        sentence = f"DnsOptions {ONLY_INBOUND} is applicable only to Interface VPC Endpoints."
        raise Fault("InvalidParameter", sentence)


def _routed(tx: Transaction, endpoint: VpcEndpoint, tables: list[str]) -> VpcEndpoint:
    """The endpoint with routes in more tables."""
    for id in tables:
        table = need(tx, RouteTable, ROUTE_TABLE, id)
        if table.vpc_id != endpoint.vpc_id:
            sentence = f"Route table {id} does not belong to VPC {endpoint.vpc_id}"
            raise Fault("InvalidParameter", sentence)
        check_no_route(tx, table, endpoint.prefix_list)
    if twice := next((id for id in tables if tables.count(id) > 1), None):
        raise Fault("InvalidParameter", f"Route table {twice} is named more than once")
    return endpoint.but(route_tables=(*endpoint.route_tables, *tables))


def _unrouted(tx: Transaction, endpoint: VpcEndpoint, tables: list[str]) -> VpcEndpoint:
    for id in tables:
        if need(tx, RouteTable, ROUTE_TABLE, id).id not in endpoint.route_tables:
            sentence = f"Route table {id} is not associated with endpoint {endpoint.id}"
            raise Fault("InvalidParameter", sentence)
    return endpoint.but(route_tables=tuple(id for id in endpoint.route_tables if id not in tables))
