"""Gateway VPC endpoints: recorded, and shown in route tables, for their services are not here."""

import json
from typing import TYPE_CHECKING, cast

from elastinet.catalog.endpoint_services import prefix_list_id, service_names
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.namings import ROUTE_TABLE
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.vpc.endpoint_routes import check_no_route
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.routes import RouteTable
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import StateType
    from mypy_boto3_ec2.type_defs import VpcEndpointTypeDef

FULL_ACCESS = json.dumps(
    {
        "Version": "2008-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)


def view(tx: Transaction, endpoint: VpcEndpoint) -> StateView:
    """An endpoint in the shape of the API."""
    return tx.views.of(endpoint, (), lambda: _view(endpoint))


def _view(endpoint: VpcEndpoint) -> "VpcEndpointTypeDef":
    return {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": "Gateway",
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "ServiceRegion": endpoint.region,
        "State": cast("StateType", "available"),  # so EC2 spells it in answers, whatever its model says
        "PolicyDocument": endpoint.policy,
        "RouteTableIds": list(endpoint.route_tables),
        "SubnetIds": [],
        "Groups": [],
        "NetworkInterfaceIds": [],
        "DnsEntries": [],
        "IpAddressType": "ipv4",
        "PrivateDnsEnabled": False,
        "RequesterManaged": False,
        "CreationTimestamp": moment(endpoint.create_time),
        "OwnerId": endpoint.owner,
        "Tags": tag_set(endpoint),
    }


VPC_ENDPOINTS = Describable(
    VpcEndpoint,
    "vpce",
    "VpcEndpoints",
    "VpcEndpointIds",
    view,
    paths(
        "ip-address-type service-name service-region vpc-id vpc-endpoint-id vpc-endpoint-type",
        vpc_endpoint_state="State",
    ),
    {"vpc-id": "vpc-id", "service-name": "service-name"},
)


def describe_vpc_endpoints(tx: Transaction, request: Request) -> Answer:
    """Endpoints by id or filter."""
    return describe(tx, request, VPC_ENDPOINTS)


def create_vpc_endpoint(tx: Transaction, request: Request) -> Answer:
    """A gateway endpoint to a service, with routes to it in the tables that are named."""
    id = once(tx, "CreateVpcEndpoint", request, lambda: _create(tx, request).id)
    token = request.get("ClientToken")
    made = view(tx, need(tx, VpcEndpoint, "vpce", id))
    return {"VpcEndpoint": made} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> VpcEndpoint:
    kind = request.get("VpcEndpointType", "Gateway")
    if kind != "Gateway":
        raise faults.unsupported(f"elastinet does not support endpoints of the type {kind}.")
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    service = _service(tx, request)
    for name, value in (("IpAddressType", "ipv4"), ("PrivateDnsEnabled", False)):
        if request.get(name, value) != value:
            sentence = f"The parameter {name} is not supported for the endpoint type Gateway."
            raise Fault("InvalidParameter", sentence)
    if tx.count(VpcEndpoint) >= tx.settings.quotas.gateway_endpoints:
        raise faults.quota("VpcEndpointLimitExceeded", "VPC endpoints")
    endpoint = VpcEndpoint(
        id=tx.new_id("vpce"),
        owner=tx.owner,
        region=tx.region,
        vpc_id=vpc.id,
        service_name=service,
        prefix_list=prefix_list_id(tx.owner, service),
        policy=_policy(request.get("PolicyDocument")),
        create_time=tx.now,
        tags=tags_for(tx, request, "vpc-endpoint"),
    )
    return tx.put(_routed(tx, endpoint, request.ids("RouteTableIds")))


def _service(tx: Transaction, request: Request) -> str:
    name = request.get("ServiceName")
    if name is None:
        raise faults.missing_parameter("ServiceName")
    if request.get("ServiceRegion", tx.region) != tx.region or name not in service_names(tx.region):
        raise Fault("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    return str(name)


def _policy(text: str | None) -> str:
    if text is None:
        return FULL_ACCESS
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise Fault("InvalidPolicyDocument", "The policy document is not a valid JSON policy.")
    return text


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


def modify_vpc_endpoint(tx: Transaction, request: Request) -> Answer:
    """Other route tables, or another policy."""
    endpoint = need(tx, VpcEndpoint, "vpce", request["VpcEndpointId"])
    policy = request.get("PolicyDocument")
    if request.get("ResetPolicy"):
        if policy is not None:
            raise faults.combination("ResetPolicy and PolicyDocument may not be given together.")
        endpoint = endpoint.but(policy=FULL_ACCESS)
    elif policy is not None:
        endpoint = endpoint.but(policy=_policy(policy))
    endpoint = _unrouted(tx, endpoint, request.ids("RemoveRouteTableIds"))
    tx.put(endpoint)
    tx.put(_routed(tx, endpoint, request.ids("AddRouteTableIds")))
    return {"Return": True}


def _unrouted(tx: Transaction, endpoint: VpcEndpoint, tables: list[str]) -> VpcEndpoint:
    for id in tables:
        if need(tx, RouteTable, ROUTE_TABLE, id).id not in endpoint.route_tables:
            sentence = f"Route table {id} is not associated with endpoint {endpoint.id}"
            raise Fault("InvalidParameter", sentence)
    return endpoint.but(route_tables=tuple(id for id in endpoint.route_tables if id not in tables))


def delete_vpc_endpoints(tx: Transaction, request: Request) -> Answer:
    """Remove endpoints with their routes; those that are not there are listed."""
    failed = []
    for id in request.ids("VpcEndpointIds"):
        endpoint = tx.get(VpcEndpoint, id)
        if endpoint is not None:
            tx.drop(endpoint)
            continue
        # A code of this operation alone, which Ansible and Terraform go by.
        error = {"Code": "InvalidVpcEndpoint.NotFound", "Message": faults.missing("vpce", [id]).message}
        failed.append({"ResourceId": id, "Error": error})
    return {"Unsuccessful": failed}
