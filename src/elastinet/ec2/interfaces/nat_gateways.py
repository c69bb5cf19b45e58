"""NAT gateways (facts sheet, section 6.4)."""

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.namings import ELASTIC_IP
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.interfaces.addresses import bind
from elastinet.ec2.interfaces.network_interfaces import remove_interface
from elastinet.ec2.interfaces.new_interface import make_interface
from elastinet.ec2.interfaces.private_addresses import check_free, fresh
from elastinet.model.fault import Fault
from elastinet.model.interface import Address, Attachment, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.view import StateView
from elastinet.model.vpc import InternetGateway, Subnet
from elastinet.rules import addressing
from elastinet.rules.interfaces import attachment_of

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NatGatewayAddressTypeDef, NatGatewayTypeDef

REQUESTER = "amazon-aws"
GONE = ("deleting", "deleted")
_STATUSES: dict[str, Literal["failed", "unassigning"]] = {"failed": "failed", "deleting": "unassigning"}
_AddressMember = Literal["AllocationId", "AssociationId", "NetworkInterfaceId", "PrivateIp", "PublicIp"]


def view(tx: Transaction, gateway: NatGateway) -> StateView:
    """A NAT gateway in the shape of the API."""
    return tx.views.of(gateway, (), lambda: _view(gateway))


def _view(gateway: NatGateway) -> "NatGatewayTypeDef":
    shown: NatGatewayTypeDef = {
        "NatGatewayId": gateway.id,
        "VpcId": gateway.vpc_id,
        "SubnetId": gateway.subnet_id,
        "ConnectivityType": gateway.connectivity,
        "AvailabilityMode": "zonal",
        "State": gateway.state,
        "CreateTime": moment(gateway.create_time),
        "NatGatewayAddresses": [_address(gateway)],
        "Tags": tag_set(gateway),
    }
    if gateway.delete_time is not None:
        shown["DeleteTime"] = moment(gateway.delete_time)
    if gateway.failure is not None:
        shown["FailureCode"], shown["FailureMessage"] = gateway.failure
    return shown


def _address(gateway: NatGateway) -> "NatGatewayAddressTypeDef":
    shown: NatGatewayAddressTypeDef = {"IsPrimary": True, "Status": _STATUSES.get(gateway.state, "succeeded")}
    found: dict[_AddressMember, str] = {
        "AllocationId": gateway.allocation_id,
        "AssociationId": gateway.association_id,
        "NetworkInterfaceId": gateway.interface_id,
        "PrivateIp": gateway.private_ip,
        "PublicIp": gateway.public_ip,
    }
    for name, value in found.items():
        if value:
            shown[name] = value
    return shown


NAT_GATEWAYS = Describable(
    NatGateway,
    "nat",
    "NatGateways",
    "NatGatewayIds",
    view,
    paths("nat-gateway-id state subnet-id vpc-id"),
    {name: name for name in ("state", "subnet-id", "vpc-id")},
)


def describe_nat_gateways(tx: Transaction, request: Request) -> Answer:
    """NAT gateways by id or filter; those of the last hour are there still."""
    return describe(tx, request, NAT_GATEWAYS)


def create_nat_gateway(tx: Transaction, request: Request) -> Answer:
    """A NAT gateway: pending, until the fabric has its interface up or it is found to have failed."""
    id = once(tx, "CreateNatGateway", request, lambda: _create(tx, request).id)
    made = dict(view(tx, need(tx, NatGateway, "nat", id)))
    if made["State"] == "failed":
        made = {name: value for name, value in made.items() if not name.startswith("Failure")}
        made |= {"State": "pending"}
    token = request.get("ClientToken")
    return {"NatGateway": made} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> NatGateway:
    if request.get("AvailabilityMode", "zonal") != "zonal":
        raise faults.unsupported("elastinet does not support the availability mode regional.")
    if (subnet_id := request.get("SubnetId")) is None:
        raise faults.missing_parameter("subnetId")
    subnet = need(tx, Subnet, "subnet", subnet_id)
    kind, allocation = _kind(tx, request)
    private = request.get("PrivateIpAddress")
    if private is not None:
        check_free(tx, subnet, private)
    _check_quota(tx, subnet)
    fields = {
        "vpc_id": subnet.vpc_id,
        "subnet_id": subnet.id,
        "zone": subnet.zone,
        "connectivity": kind,
        "create_time": tx.now,
        "allocation_id": allocation or "",
        "tags": tags_for(tx, request, "natgateway"),
    }
    if failure := _failure(tx, subnet, allocation):
        return tx.new(NatGateway, "nat", state="failed", failure=failure, delete_time=tx.now, **fields)
    gateway = tx.new(NatGateway, "nat", state="pending", **fields)
    return _furnish(tx, gateway, subnet, private or fresh(tx, subnet, 1)[0])


def _kind(tx: Transaction, request: Request) -> tuple[str, str | None]:
    kind, allocation = request.get("ConnectivityType", "public"), request.get("AllocationId")
    if kind == "public" and allocation is None:
        raise faults.missing_parameter("allocationId")
    if kind == "private" and allocation is not None:
        raise faults.combination("An allocation ID may not be given for a private NAT gateway.")
    if allocation is not None:
        need(tx, Address, ELASTIC_IP, allocation)
    return kind, allocation


def _check_quota(tx: Transaction, subnet: Subnet) -> None:
    states = ("pending", "available", "deleting")
    there = (g for state in states for g in tx.where(NatGateway, "state", state))
    most = tx.settings.quotas.nat_gateways_per_zone
    if sum(1 for gateway in there if gateway.zone == subnet.zone) >= most:
        sentence = f"Performing this operation would exceed the limit of {most} NAT gateways"
        raise Fault("NatGatewayLimitExceeded", sentence)


def _failure(tx: Transaction, subnet: Subnet, allocation: str | None) -> tuple[str, str] | None:
    """The failure, code and sentence, that EC2 reports only once the NAT gateway is there, in its state."""
    if addressing.free_count(tx.state, subnet) < 1:
        sentence = "Subnet has insufficient free addresses to create this NAT gateway"
        return "InsufficientFreeAddressesInSubnet", sentence
    if allocation is None:
        return None
    address = tx.need(Address, allocation)
    if address.association_id is not None:
        sentence = f"Elastic IP address {allocation} is already associated"
        return "Resource.AlreadyAssociated", sentence
    if not tx.state.count(InternetGateway, "attachment.vpc-id", subnet.vpc_id):
        return "Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached"
    return None


def _furnish(tx: Transaction, gateway: NatGateway, subnet: Subnet, private: str) -> NatGateway:
    """Give a NAT gateway its interface, which no user may touch, and its address."""
    attachment = Attachment(tx.new_id("ela-attach"), gateway.id, 1, "attaching", tx.now)
    interface = make_interface(
        tx,
        subnet,
        addresses=(private,),
        groups=(),
        description=f"Interface for NAT Gateway {gateway.id}",
        interface_type="natGateway",
        requester_id=REQUESTER,
        source_dest_check=False,
        associate_public_ip=False,
        attachment=attachment,
    )
    public = {}
    if gateway.allocation_id:
        address = tx.need(Address, gateway.allocation_id)
        public = {"association_id": bind(tx, address, interface, private), "public_ip": address.public_ip}
    return tx.put(gateway.but(interface_id=interface.id, private_ip=private, **public))


def delete_nat_gateway(tx: Transaction, request: Request) -> Answer:
    """End a NAT gateway; its Elastic IP is idle then, and routes to it lead nowhere."""
    gateway = need(tx, NatGateway, "nat", request["NatGatewayId"])
    if gateway.state == "failed":
        tx.put(gateway.but(state="deleted"))
    elif gateway.state not in GONE:
        interface = tx.need(NetworkInterface, gateway.interface_id)
        tx.put(interface.but(attachment=replace(attachment_of(interface), status="detaching")))
        tx.put(gateway.but(state="deleting"))
    return {"NatGatewayId": gateway.id}


def attached(tx: Transaction, interface: NetworkInterface) -> None:
    """The fabric has the interface of a NAT gateway up."""
    for gateway in tx.where(NatGateway, "interface-id", interface.id):
        if gateway.state == "pending":
            tx.put(gateway.but(state="available"))


def detached(tx: Transaction, interface: NetworkInterface) -> None:
    """The fabric has taken the interface of a NAT gateway away."""
    for gateway in tx.where(NatGateway, "interface-id", interface.id):
        if gateway.state == "deleting":
            tx.put(gateway.but(state="deleted", delete_time=tx.now))
            remove_interface(tx, interface)


def forget_old(tx: Transaction, seconds: float) -> None:
    """Forget what ended, or failed, longer ago than this."""
    for state in ("deleted", "failed"):
        for gateway in tx.where(NatGateway, "state", state):
            if tx.now - (gateway.delete_time or 0) > seconds:
                tx.drop(gateway)
