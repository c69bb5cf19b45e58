"""Elastic IP addresses."""

from typing import TYPE_CHECKING

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, by_id, describe
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.public_addresses import lend
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.interfaces.address_transfers import withdraw
from elastinet.ec2.interfaces.private_addresses import no_ipv4
from elastinet.ec2.vpc.routes import only_interface
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.view import StateView
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.rules import addressing
from elastinet.rules.interfaces import instance_id_of

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import AddressTypeDef


def view(tx: Transaction, address: Address) -> StateView:
    """An Elastic IP in the shape of the API."""
    interface = tx.state.get(NetworkInterface, address.interface_id or "")
    return tx.views.of(address, (interface,), lambda: tags_if_any(_view(address, interface)))


def _view(address: Address, interface: NetworkInterface | None) -> "AddressTypeDef":
    shown: AddressTypeDef = {
        "AllocationId": address.id,
        "PublicIp": address.public_ip,
        "PublicIpv4Pool": "amazon",
        "NetworkBorderGroup": address.region,
        "Domain": "vpc",
        "Tags": tag_set(address),
    }
    if interface is None:
        return shown
    shown |= {
        "AssociationId": address.association_id or "",
        "NetworkInterfaceId": interface.id,
        "NetworkInterfaceOwnerId": interface.owner,
        "PrivateIpAddress": address.private_ip or "",
    }
    if instance_id := instance_id_of(interface):
        shown["InstanceId"] = instance_id
    return shown


ADDRESSES = Describable(
    Address,
    "eipalloc",
    "Addresses",
    "AllocationIds",
    view,
    paths(
        """
        allocation-id association-id instance-id network-border-group network-interface-id
        network-interface-owner-id private-ip-address public-ip domain
        """
    ),
    {name: name for name in ("public-ip", "association-id", "network-interface-id")},
)


def describe_addresses(tx: Transaction, request: Request) -> Answer:
    """Elastic IPs by allocation, by address, or by filter."""
    if ips := request.ids("PublicIps"):
        found = by_id(tx, ADDRESSES, [_by_ip(tx, ip).id for ip in ips])
        return {"Addresses": [view(tx, address) for address in found]}  # type: ignore[arg-type]
    return describe(tx, request, ADDRESSES)


def _by_ip(tx: Transaction, ip: str) -> Address:
    found = next(tx.where(Address, "public-ip", ip), None)
    if found is None:
        raise Fault("InvalidAddress.NotFound", f"Address '{ip}' not found.")
    return found


def allocate_address(tx: Transaction, request: Request) -> Answer:
    """A public address of the account's own; a released one again where it is asked for and free."""
    if request.get("Domain", "vpc") != "vpc":
        raise faults.invalid(request["Domain"], "domain")
    if (border := request.get("NetworkBorderGroup", tx.region)) != tx.region:
        raise faults.unsupported(f"elastinet has no network border group {border}.")
    if tx.count(Address) >= tx.settings.quotas.elastic_ips:
        raise faults.quota("AddressLimitExceeded", "addresses")
    ip = _recover(tx, request.get("Address")) or addressing.free_public(tx.state, tx.dice)
    if ip is None:
        raise Fault("InsufficientAddressCapacity", "There are no more public addresses.")
    tags = tags_for(tx, request, "elastic-ip")
    address = tx.new(Address, "eipalloc", public_ip=ip, tags=tags)
    shown = view(tx, address)
    return {name: shown[name] for name in shown if name != "Tags"}


def _recover(tx: Transaction, ip: str | None) -> str | None:
    if ip is None:
        return None
    if not addressing.is_public(ip) or addressing.public_in_use(tx.state, ip):
        raise Fault("InvalidAddress.NotFound", f"Address '{ip}' not found.")
    return ip


def release_address(tx: Transaction, request: Request) -> None:
    """Give an address back that leads nowhere; in the default VPC it is disassociated first."""
    address = _named(tx, request)
    if request.get("NetworkBorderGroup", tx.region) != tx.region:
        raise Fault("InvalidAddress.NotFound", f"Address '{address.public_ip}' not found.")
    if address.ptr_record is not None:
        sentence = f"The address {address.public_ip} cannot be released while it has a reverse name."
        raise Fault("InvalidAddress.Locked", sentence)
    if address.interface_id is not None:
        interface = tx.need(NetworkInterface, address.interface_id)
        if not tx.need(Vpc, interface.vpc_id).is_default:
            raise Fault("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        _disassociate(tx, address)
    withdraw(tx, address)
    tx.drop(address)


def _named(tx: Transaction, request: Request) -> Address:
    id, ip = request.get("AllocationId"), request.get("PublicIp")
    if id is not None and ip is not None:
        raise faults.combination("You may specify public IP or allocation id, but not both in the same call")
    if id is not None:
        return need(tx, Address, "eipalloc", id)
    if ip is None:
        raise faults.missing_parameter("allocationId")
    return _by_ip(tx, ip)


def associate_address(tx: Transaction, request: Request) -> Answer:
    """Let an Elastic IP lead to a private address of an interface."""
    address, interface = _named(tx, request), _target(tx, request)
    check_carries_ip(interface)
    if not interface.addresses:
        raise no_ipv4(tx.need(Subnet, interface.subnet_id))
    private = request.get("PrivateIpAddress") or interface.primary
    if private not in interface.addresses:
        sentence = f"{private} is not assigned to interface {interface.id}"
        raise faults.invalid(private, "privateIpAddress", sentence)
    if not tx.state.count(InternetGateway, "attachment.vpc-id", interface.vpc_id):
        sentence = f"Network {interface.vpc_id} is not attached to any internet gateway"
        raise Fault("Gateway.NotAttached", sentence)
    may_move = request.get("AllowReassociation") is not False
    if (address.interface_id, address.private_ip) == (interface.id, private):
        return {"AssociationId": address.association_id}
    if not may_move and address.association_id:
        sentence = f"resource {address.id} is already associated with associate-id {address.association_id}"
        raise Fault("Resource.AlreadyAssociated", sentence)
    return {"AssociationId": _associate(tx, address, interface, private)}


def _target(tx: Transaction, request: Request) -> NetworkInterface:
    interface_id, instance_id = request.get("NetworkInterfaceId"), request.get("InstanceId")
    if interface_id is not None and instance_id is not None:
        raise faults.combination("You may specify instance id or network interface id, but not both")
    if interface_id is not None:
        return _settled(tx, need_mine(tx, interface_id))
    if instance_id is None:
        raise faults.missing_parameter("instanceId")
    instance = need(tx, Instance, "i", instance_id)
    if instance.state not in ("running", "stopped"):
        sentence = (
            f"The {instance.state} instance '{instance.id}' is not in a valid state for this operation."
        )
        raise Fault("InvalidInstanceID", sentence)
    return only_interface(tx, instance)


def _settled(tx: Transaction, interface: NetworkInterface) -> NetworkInterface:
    """The interface, if its instance, where it has one, is neither coming nor going for good."""
    instance = tx.get(Instance, instance_id_of(interface) or "")
    words = {"pending": "pending-instance-creation", "shutting-down": "shutting-down"}
    word = words.get(instance.state) if instance else None
    if word is not None:
        where = f"The {word} instance to which '{interface.id}' is attached"
        raise Fault("IncorrectInstanceState", f"{where} is not in a valid state for this operation")
    return interface


def _associate(tx: Transaction, address: Address, interface: NetworkInterface, private: str) -> str:
    _disassociate(tx, address)
    for other in tx.where(Address, "network-interface-id", interface.id):
        if other.private_ip == private:
            tx.put(other.idle)
    interface = tx.need(NetworkInterface, interface.id)
    if private == interface.primary and interface.public_ip:
        tx.put(interface.but(public_ip=None))
    return bind(tx, address, interface, private)


def bind(tx: Transaction, address: Address, interface: NetworkInterface, private: str) -> str:
    """Let an idle address lead to a private one; gives the association's id."""
    id = tx.new_id("eipassoc")
    tx.put(address.but(association_id=id, interface_id=interface.id, private_ip=private))
    return id


def _disassociate(tx: Transaction, address: Address) -> None:
    """Make an address idle; a running instance that wants a lent one has it again."""
    if address.interface_id is None:
        return
    interface = need_mine(tx, address.interface_id)
    tx.put(address.idle)
    if interface.attachment is not None:
        instance = tx.need(Instance, interface.attachment.instance_id)
        if instance.alive:
            lend(tx, instance)


def disassociate_address(tx: Transaction, request: Request) -> None:
    """Let an Elastic IP lead nowhere."""
    id, ip = request.get("AssociationId"), request.get("PublicIp")
    if id is not None and ip is not None:
        raise faults.combination("You may specify public IP or association id, but not both in the same call")
    if id is None and ip is None:
        raise faults.missing_parameter("associationId")
    address = next(tx.where(Address, "association-id", id), None) if id else _by_ip(tx, str(ip))
    if address is None:
        faults.check_form("eipassoc", str(id))
        raise faults.missing("eipassoc", [str(id)])
    _disassociate(tx, address)
