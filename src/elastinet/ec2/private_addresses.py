"""Private addresses of interfaces: which ones, how many, and whose they become."""

from itertools import islice
from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2 import faults
from elastinet.ec2.lookup import need_mine
from elastinet.ec2.request import Request
from elastinet.ec2.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.vpc import Subnet
from elastinet.rules import addressing

FULL = "The specified subnet does not have enough free addresses to satisfy the request."


def pick(tx: Transaction, subnet: Subnet, request: Request) -> tuple[str, ...]:
    """The addresses that a request for an interface asks for, the primary first."""
    primary, others = _asked(request)
    count = request.get("SecondaryPrivateIpAddressCount")
    if count is not None and others:
        raise faults.combination("Only one of secondary addresses and their count may be given.")
    if count is not None and count < 0:
        raise faults.invalid(count, "secondaryPrivateIpAddressCount")
    for address in filter(None, (primary, *others)):
        check_free(tx, subnet, address)
    given = [primary, *others] if primary else others
    more = fresh(tx, subnet, (0 if primary else 1) + (count or 0), set(given))
    return tuple(given + more) if primary else (more[0], *others, *more[1:])


def _asked(request: Request) -> tuple[str | None, list[str]]:
    primary = request.get("PrivateIpAddress")
    listed = [
        (one.get("PrivateIpAddress"), one.get("Primary")) for one in request.get("PrivateIpAddresses") or ()
    ]
    if any(address is None for address, _ in listed):
        raise faults.missing_parameter("privateIpAddress")
    firsts = [address for address, is_primary in listed if is_primary]
    if len(firsts) > 1 or (firsts and primary and firsts != [primary]):
        raise faults.combination("Only one primary private IP address can be specified.")
    others = [address for address, is_primary in listed if not is_primary]
    asked = [a for a in (primary or (firsts[0] if firsts else None), *others) if a]
    if len(set(asked)) < len(asked):
        raise faults.invalid(asked[-1], "privateIpAddress", "An address may be given only once.")
    return primary or (firsts[0] if firsts else None), others


def check_free(tx: Transaction, subnet: Subnet, address: str) -> None:
    """Refuse an address that a subnet does not have to give."""
    if not addressing.usable(subnet, address):
        sentence = "Address does not fall within the subnet's address range"
        if _is_reserved(subnet, address):
            sentence = "Address is in subnet's reserved address range"
        raise Fault("InvalidParameterValue", sentence)
    if addressing.in_use(tx.state, subnet, address):
        raise Fault("InvalidIPAddress.InUse", "The specified address is already in use.")


def _is_reserved(subnet: Subnet, address: str) -> bool:
    block = addressing.network(subnet.cidr)
    return address in {str(block[n]) for n in (0, 1, 2, 3, -1)}


def fresh(tx: Transaction, subnet: Subnet, count: int, but: set[str]) -> list[str]:
    """This many free addresses of a subnet; refuses if it has not so many."""
    free = (a for a in addressing.free_addresses(tx.state, subnet, tx.dice) if a not in but)
    found = list(islice(free, count))
    if len(found) < count:
        raise Fault("InsufficientFreeAddressesInSubnet", FULL)
    return found


def check_limit(tx: Transaction, interface: NetworkInterface, count: int) -> None:
    """Refuse more addresses than the type of the interface's instance bears on one interface."""
    if interface.attachment is None:
        return
    instance = tx.need(Instance, interface.attachment.instance_id)
    if count > instance_types()[instance.instance_type].ipv4_per_interface:
        sentence = f"{interface.id}: Number of private addresses will exceed limit."
        raise Fault("PrivateIpAddressLimitExceeded", sentence)


def assign_private_ip_addresses(tx: Transaction, request: Request) -> dict[str, Any]:
    """Give an interface more addresses: named ones, or a number of them."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    subnet = tx.need(Subnet, interface.subnet_id)
    named, count = request.ids("PrivateIpAddresses"), request.get("SecondaryPrivateIpAddressCount")
    if bool(named) == (count is not None):
        raise faults.combination("Exactly one of private addresses and their count must be given.")
    if count is not None and count < 1:
        raise faults.invalid(count, "secondaryPrivateIpAddressCount")
    for address in named:
        _take(tx, subnet, interface, address, bool(request.get("AllowReassignment")))
    new = [a for a in dict.fromkeys(named) if a not in interface.addresses]
    new = new or fresh(tx, subnet, count or 0, set())
    check_limit(tx, interface, len(interface.addresses) + len(new))
    tx.put(interface.but(addresses=(*interface.addresses, *new)))
    shown = [{"PrivateIpAddress": address} for address in (named or new)]
    return {"NetworkInterfaceId": interface.id, "AssignedPrivateIpAddresses": shown}


def _take(tx: Transaction, subnet: Subnet, interface: NetworkInterface, address: str, reassign: bool) -> None:
    """Make sure that an address can be the interface's, taking it from another one if allowed."""
    holder = next(tx.where(NetworkInterface, "address", (subnet.id, address)), None)
    if holder is None:
        return check_free(tx, subnet, address)
    if holder.id == interface.id:
        return None
    if address == holder.primary:
        sentence = f"{address} is the primary private address of {holder.id} and cannot be reassigned"
        raise Fault("InvalidParameterValue", sentence)
    if not reassign:
        sentence = f"[{address}] assigned, but move is not allowed."
        raise Fault("Resource.AlreadyAssigned", sentence)
    tx.put(holder.but(addresses=tuple(a for a in holder.addresses if a != address)))
    for elastic in tx.state.where(Address, "network-interface-id", holder.id):
        if elastic.private_ip == address:
            tx.put(elastic.but(interface_id=interface.id))
    return None


def unassign_private_ip_addresses(tx: Transaction, request: Request) -> None:
    """Take secondary addresses from an interface; Elastic IPs that led to them are idle then."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    gone = request.ids("PrivateIpAddresses")
    if not gone:
        raise faults.missing_parameter("privateIpAddress")
    for address in gone:
        if address not in interface.addresses:
            sentence = f"Some of the specified addresses are not assigned to interface {interface.id}"
            raise Fault("InvalidParameterValue", sentence)
        if address == interface.primary:
            sentence = f"The primary address {address} of {interface.id} cannot be unassigned"
            raise Fault("InvalidParameterValue", sentence)
    tx.put(interface.but(addresses=tuple(a for a in interface.addresses if a not in gone)))
    for elastic in tx.state.where(Address, "network-interface-id", interface.id):
        if elastic.private_ip in gone:
            tx.put(elastic.idle)
