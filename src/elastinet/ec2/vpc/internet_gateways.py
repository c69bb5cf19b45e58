"""Internet gateways."""

from typing import TYPE_CHECKING, Any, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.vpc.gateway_tables import forget_gateway
from elastinet.model.fault import Fault
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.view import StateView
from elastinet.model.vpc import InternetGateway, Vpc

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import AttachmentStatusType
    from mypy_boto3_ec2.type_defs import InternetGatewayAttachmentTypeDef, InternetGatewayTypeDef


def view(tx: Transaction, gateway: InternetGateway) -> StateView:
    """An internet gateway in the shape of the API."""
    return tx.views.of(gateway, (), lambda: _view(gateway))


def _view(gateway: InternetGateway) -> "InternetGatewayTypeDef":
    return {
        "InternetGatewayId": gateway.id,
        "OwnerId": gateway.owner,
        "Attachments": [_attachment(gateway.vpc_id)] if gateway.vpc_id else [],
        "Tags": tag_set(gateway),
    }


def _attachment(vpc_id: str) -> "InternetGatewayAttachmentTypeDef":
    # EC2 answers so, whatever its model says.
    return {"State": cast("AttachmentStatusType", "available"), "VpcId": vpc_id}


INTERNET_GATEWAYS = Describable(
    InternetGateway,
    "igw",
    "InternetGateways",
    "InternetGatewayIds",
    view,
    paths("attachment.state attachment.vpc-id internet-gateway-id owner-id", {"attachment": "Attachments"}),
    {"attachment.vpc-id": "attachment.vpc-id"},
)


def describe_internet_gateways(tx: Transaction, request: Request) -> Answer:
    """Internet gateways by id or filter."""
    return describe(tx, request, INTERNET_GATEWAYS)


def create_internet_gateway(tx: Transaction, request: Request) -> Answer:
    """An internet gateway, attached to nothing yet."""
    tags = tags_for(tx, request, "internet-gateway")
    return {"InternetGateway": view(tx, make_internet_gateway(tx, tags=tags))}


def make_internet_gateway(tx: Transaction, **fields: Any) -> InternetGateway:
    """An internet gateway, within the quota."""
    if tx.count(InternetGateway) >= tx.settings.quotas.internet_gateways:
        raise faults.quota("InternetGatewayLimitExceeded", "internet gateways")
    return tx.new(InternetGateway, "igw", **fields)


def attach_internet_gateway(tx: Transaction, request: Request) -> None:
    """Give a VPC its one internet gateway."""
    gateway = need(tx, InternetGateway, "igw", request["InternetGatewayId"])
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if gateway.vpc_id:
        raise Fault(
            "Resource.AlreadyAssociated",
            f"resource {gateway.id} is already attached to network {gateway.vpc_id}",
        )
    if tx.state.count(InternetGateway, "attachment.vpc-id", vpc.id):
        raise Fault("InvalidParameterValue", f"Network {vpc.id} already has an internet gateway attached")
    tx.put(gateway.but(vpc_id=vpc.id))


def detach_internet_gateway(tx: Transaction, request: Request) -> None:
    """Take a VPC's internet gateway away, once no public address leads through it."""
    gateway = need(tx, InternetGateway, "igw", request["InternetGatewayId"])
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if gateway.vpc_id != vpc.id:
        raise Fault("Gateway.NotAttached", f"resource {gateway.id} is not attached to network {vpc.id}")
    if any(_is_mapped(tx, i) for i in tx.where(NetworkInterface, "vpc-id", vpc.id)):
        raise faults.dependency(
            f"Network {vpc.id} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )
    forget_gateway(tx, gateway)
    tx.put(gateway.but(vpc_id=None))


def _is_mapped(tx: Transaction, interface: NetworkInterface) -> bool:
    associated = tx.state.count(Address, "network-interface-id", interface.id)
    return interface.public_ip is not None or associated > 0


def delete_internet_gateway(tx: Transaction, request: Request) -> None:
    """Remove an internet gateway that is attached to nothing."""
    gateway = need(tx, InternetGateway, "igw", request["InternetGatewayId"])
    if gateway.vpc_id:
        raise faults.dependency(f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted.")
    tx.drop(gateway)
