"""VPC endpoints: recorded, with what leads to them, for the services that they are for are not here."""

import json
from typing import TYPE_CHECKING, Any, cast

from elastinet.catalog.endpoint_services import find, hosted_zone
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.interfaces import interface_endpoints
from elastinet.ec2.vpc import gateway_endpoints
from elastinet.model.endpoint import EndpointKind, VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.security import SecurityGroup
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules.endpoints import own_names, private_names

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import StateType
    from mypy_boto3_ec2.type_defs import DnsEntryTypeDef, VpcEndpointTypeDef

EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
FULL_ACCESS: dict[EndpointKind, str] = {
    "Gateway": json.dumps({"Version": "2008-10-17", "Statement": [EVERYTHING]}),
    "Interface": json.dumps({"Statement": [dict(sorted(EVERYTHING.items()))]}, indent=2),
}


def view(tx: Transaction, endpoint: VpcEndpoint) -> StateView:
    """An endpoint in the shape of the API."""
    return tx.views.of(endpoint, (), lambda: _view(tx, endpoint))


def _view(tx: Transaction, endpoint: VpcEndpoint) -> "VpcEndpointTypeDef":
    shown: VpcEndpointTypeDef = {
        "VpcEndpointId": endpoint.id,
        "VpcEndpointType": endpoint.kind,
        "VpcId": endpoint.vpc_id,
        "ServiceName": endpoint.service_name,
        "ServiceRegion": endpoint.region,
        "State": cast("StateType", endpoint.state),  # so EC2 spells it in answers, whatever its model says
        "PolicyDocument": endpoint.policy,
        "RouteTableIds": list(endpoint.route_tables),
        "SubnetIds": [subnet.id for subnet in endpoint.subnets],
        "Groups": [
            {"GroupId": g, "GroupName": tx.need(SecurityGroup, g).group_name} for g in endpoint.groups
        ],
        "NetworkInterfaceIds": [subnet.interface for subnet in endpoint.subnets],
        "DnsEntries": [],
        "IpAddressType": endpoint.ip_address_type,
        "PrivateDnsEnabled": endpoint.private_dns,
        "RequesterManaged": False,
        "CreationTimestamp": moment(endpoint.create_time),
        "OwnerId": endpoint.owner,
        "Tags": tag_set(endpoint),
    }
    if endpoint.kind == "Interface":
        shown["DnsEntries"] = _dns_entries(tx, endpoint)
        shown["DnsOptions"] = {
            "DnsRecordIpType": endpoint.record_ip_type,
            "PrivateDnsOnlyForInboundResolverEndpoint": endpoint.only_inbound,
        }
    return shown


def _dns_entries(tx: Transaction, endpoint: VpcEndpoint) -> "list[DnsEntryTypeDef]":
    own, private = own_names(tx.state, endpoint), private_names(endpoint)
    zones = dict.fromkeys(own, endpoint.region) | dict.fromkeys(private, endpoint.id)
    return [{"DnsName": name, "HostedZoneId": hosted_zone(zone)} for name, zone in zones.items()]


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
    """An endpoint of a service; one of interfaces is pending in this answer, and available in the next."""
    id = once(tx, "CreateVpcEndpoint", request, lambda: _create(tx, request).id)
    token = request.get("ClientToken")
    made: dict[str, Any] = dict(view(tx, need(tx, VpcEndpoint, "vpce", id)))
    if made["VpcEndpointType"] == "Interface":
        made["State"] = "pending"
    return {"VpcEndpoint": made} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> VpcEndpoint:
    kind = request.get("VpcEndpointType", "Gateway")
    if kind not in FULL_ACCESS:
        raise faults.unsupported(f"elastinet does not support endpoints of the type {kind}.")
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    endpoint = VpcEndpoint(
        id=tx.new_id("vpce"),
        owner=tx.owner,
        region=tx.region,
        vpc_id=vpc.id,
        service_name=_service(tx, request, kind),
        kind=kind,
        policy=_policy(request.get("PolicyDocument"), kind),
        create_time=tx.now,
        tags=tags_for(tx, request, "vpc-endpoint"),
    )
    furnish = interface_endpoints.furnish if kind == "Interface" else gateway_endpoints.furnish
    return tx.put(furnish(tx, request, endpoint))


def _service(tx: Transaction, request: Request, kind: EndpointKind) -> str:
    name = request.get("ServiceName")
    if name is None:
        raise faults.missing_parameter("ServiceName")
    kinds = find(tx.region, name)
    if request.get("ServiceRegion", tx.region) != tx.region or not kinds:
        raise Fault("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if kind not in kinds:
        sentence = f"Endpoint type ({kind}) does not match available service types ([{', '.join(kinds)}])."
        raise Fault("InvalidParameter", sentence)
    return str(name)


def _policy(text: str | None, kind: EndpointKind) -> str:
    if text is None:
        return FULL_ACCESS[kind]
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not document.get("Statement"):
        raise Fault("InvalidPolicyDocument", "The policy document is not a valid JSON policy.")
    return text


def modify_vpc_endpoint(tx: Transaction, request: Request) -> Answer:
    """Other route tables; other subnets, groups, names and addresses; another policy."""
    endpoint = need(tx, VpcEndpoint, "vpce", request["VpcEndpointId"])
    policy = request.get("PolicyDocument")
    if request.get("ResetPolicy"):
        if policy is not None:
            raise faults.combination("ResetPolicy and PolicyDocument may not be given together.")
        endpoint = endpoint.but(policy=FULL_ACCESS[endpoint.kind])
    elif policy is not None:
        endpoint = endpoint.but(policy=_policy(policy, endpoint.kind))
    change = interface_endpoints.change if endpoint.kind == "Interface" else gateway_endpoints.change
    tx.put(change(tx, request, endpoint))
    return {"Return": True}


def delete_vpc_endpoints(tx: Transaction, request: Request) -> Answer:
    """Remove endpoints with their routes and interfaces; those that are not there are listed."""
    failed = []
    for id in request.ids("VpcEndpointIds"):
        endpoint = tx.get(VpcEndpoint, id)
        if endpoint is None:
            # A code of this operation alone, which Ansible and Terraform go by.
            error = {
                "Code": "InvalidVpcEndpoint.NotFound",
                "Message": faults.missing("vpce", [id]).message,
            }
            failed.append({"ResourceId": id, "Error": error})
        elif endpoint.kind == "Interface":
            interface_endpoints.delete(tx, endpoint)
        else:
            tx.drop(endpoint)
    return {"Unsuccessful": failed}
