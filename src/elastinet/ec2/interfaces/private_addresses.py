"""Private IPv4 addresses of interfaces: which ones, how many, and whose they become."""

from collections.abc import Collection, Set
from itertools import islice
from typing import Any

from elastinet.ec2.core import asked_addresses, faults
from elastinet.ec2.core.address_limits import check_count, check_limit
from elastinet.ec2.core.asked_addresses import AddressRequest
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.lookup import need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.delegated_prefixes import pick_prefixes
from elastinet.model.fault import Fault
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.prefixes import prefix_of
from elastinet.model.vpc import Subnet
from elastinet.rules import addressing

EXCLUDING = ("PrivateIpAddresses", "SecondaryPrivateIpAddressCount")
"""What a request cannot have beside prefixes; a primary address it can."""

FULL = "The specified subnet does not have enough free addresses to satisfy the request."


def ipv4_fields(tx: Transaction, subnet: Subnet, request: Request) -> dict[str, Any]:
    """The addresses, the primary first, and the prefixes that a request for an interface asks for."""
    primary, others = _asked(request)
    count = asked_addresses.secondary_count(request)
    beside = [name for name in EXCLUDING if request.get(name)]
    asked = asked_addresses.ipv4_prefixes(request, beside)
    if count is not None and others:
        raise faults.combination("Only one of secondary addresses and their count may be given.")
    check_count(1 + len(others) + (count or 0) + asked.size)
    for address in filter(None, (primary, *others)):
        check_free(tx, subnet, address)
    given = [primary, *others] if primary else others
    prefixes = pick_prefixes(tx, subnet, addressing, asked, {prefix_of(address) for address in given})
    more = fresh(tx, subnet, (0 if primary else 1) + (count or 0), set(given), prefixes)
    addresses = tuple(given + more) if primary else (more[0], *others, *more[1:])
    return {"addresses": addresses, "prefixes": prefixes}


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


def fresh(
    tx: Transaction, subnet: Subnet, count: int, but: Set[str], prefixes: Collection[str] = ()
) -> list[str]:
    """This many free addresses of a subnet, none in `but` or `prefixes`; refuses if it has not so many."""
    free = (a for a in addressing.free_addresses(tx.state, subnet, tx.dice) if a not in but)
    if prefixes:
        free = (a for a in free if prefix_of(a) not in prefixes)
    found = list(islice(free, count))
    if len(found) < count:
        raise Fault("InsufficientFreeAddressesInSubnet", FULL)
    return found


def assign_private_ip_addresses(tx: Transaction, request: Request) -> dict[str, Any]:
    """Give an interface more addresses: named ones, or a number of them."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    check_carries_ip(interface)
    subnet = tx.need(Subnet, interface.subnet_id)
    named, count = request.ids("PrivateIpAddresses"), asked_addresses.secondary_count(request)
    asked = asked_addresses.ipv4_prefixes(request, [name for name in EXCLUDING if request.get(name)])
    if bool(named) + (count is not None) + bool(asked.size) != 1:
        sentence = "Exactly one of private addresses, prefixes, and the counts of either must be given."
        raise faults.combination(sentence)
    if asked.size:
        return _delegate(tx, subnet, interface, asked)
    if count == 0:
        raise faults.invalid(count, "secondaryPrivateIpAddressCount")
    check_count(len(named) + (count or 0))
    for address in named:
        _take(tx, subnet, interface, address, bool(request.get("AllowReassignment")))
    new = [a for a in dict.fromkeys(named) if a not in interface.addresses]
    new = new or fresh(tx, subnet, count or 0, set())
    interface = interface.but(addresses=(*interface.addresses, *new))
    check_limit(tx, interface)
    tx.put(interface)
    shown = [{"PrivateIpAddress": address} for address in (named or new)]
    return {"NetworkInterfaceId": interface.id, "AssignedPrivateIpAddresses": shown}


def _delegate(
    tx: Transaction, subnet: Subnet, interface: NetworkInterface, asked: AddressRequest
) -> dict[str, Any]:
    prefixes = pick_prefixes(tx, subnet, addressing, asked)
    new = interface.but(prefixes=(*interface.prefixes, *prefixes))
    check_limit(tx, new)
    tx.put(new)
    shown = [{"Ipv4Prefix": prefix} for prefix in prefixes]
    return {"NetworkInterfaceId": interface.id, "AssignedIpv4Prefixes": shown}


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
    """Take secondary addresses and prefixes from an interface; Elastic IPs that led to them are idle then."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    gone, prefixes = request.ids("PrivateIpAddresses"), asked_addresses.ipv4_prefixes(request, []).prefixes
    if not gone and not prefixes:
        raise faults.missing_parameter("privateIpAddress")
    for address in (*gone, *prefixes):
        if address not in (*interface.addresses, *interface.prefixes):
            sentence = f"Some of the specified addresses are not assigned to interface {interface.id}"
            raise Fault("InvalidParameterValue", sentence)
        if address == interface.primary:
            sentence = f"The primary address {address} of {interface.id} cannot be unassigned"
            raise Fault("InvalidParameterValue", sentence)
    kept = {
        "addresses": tuple(a for a in interface.addresses if a not in gone),
        "prefixes": tuple(p for p in interface.prefixes if p not in prefixes),
    }
    tx.put(interface.but(**kept))
    for elastic in tx.state.where(Address, "network-interface-id", interface.id):
        if elastic.private_ip in gone:
            tx.put(elastic.idle)
