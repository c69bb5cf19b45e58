"""Egress-only internet gateways: out for IPv6, and back in only for answers (facts sheet, section 4)."""

from typing import TYPE_CHECKING

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.namings import EGRESS_GATEWAY
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.fault import Fault
from elastinet.model.view import StateView
from elastinet.model.vpc import EgressOnlyGateway, Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import EgressOnlyInternetGatewayTypeDef


def view(tx: Transaction, gateway: EgressOnlyGateway) -> StateView:
    """An egress-only internet gateway in the shape of the API."""
    return tx.views.of(gateway, (), lambda: _view(gateway))


def _view(gateway: EgressOnlyGateway) -> "EgressOnlyInternetGatewayTypeDef":
    return {
        "EgressOnlyInternetGatewayId": gateway.id,
        "Attachments": [{"State": "attached", "VpcId": gateway.vpc_id}],
        "Tags": tag_set(gateway),
    }


EGRESS_GATEWAYS = Describable(
    EgressOnlyGateway,
    "eigw",
    "EgressOnlyInternetGateways",
    "EgressOnlyInternetGatewayIds",
    view,
    paths("", attachment__vpc_id="Attachments.VpcId"),  # kops asks by it
    must_be_there=False,
)


def describe_egress_only_internet_gateways(tx: Transaction, request: Request) -> Answer:
    """Egress-only internet gateways by id or tag."""
    return describe(tx, request, EGRESS_GATEWAYS)


def create_egress_only_internet_gateway(tx: Transaction, request: Request) -> Answer:
    """The one egress-only internet gateway of a VPC, attached for life."""
    id = once(tx, "CreateEgressOnlyInternetGateway", request, lambda: _create(tx, request).id)
    token = request.get("ClientToken")
    made = view(tx, need(tx, EgressOnlyGateway, "eigw", id))
    return {"EgressOnlyInternetGateway": made} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> EgressOnlyGateway:
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if tx.state.count(EgressOnlyGateway, "vpc-id", vpc.id):
        sentence = f"Network {vpc.id} already has an egress-only internet gateway attached"
        raise Fault("Resource.AlreadyAssociated", sentence)
    if tx.count(EgressOnlyGateway) >= tx.settings.quotas.egress_only_gateways:
        code = "EgressOnlyInternetGatewayLimitExceeded"
        raise faults.quota(code, "egress-only internet gateways")
    tags = tags_for(tx, request, "egress-only-internet-gateway")
    return tx.new(EgressOnlyGateway, "eigw", vpc_id=vpc.id, tags=tags)


def delete_egress_only_internet_gateway(tx: Transaction, request: Request) -> Answer:
    """Remove an egress-only internet gateway."""
    tx.drop(need(tx, EgressOnlyGateway, EGRESS_GATEWAY, request["EgressOnlyInternetGatewayId"]))
    return {"ReturnCode": True}
