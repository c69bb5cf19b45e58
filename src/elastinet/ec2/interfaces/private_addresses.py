"""Private IPv4 addresses of interfaces: which ones, how many, and whose they become."""

from itertools import islice
from typing import Any

from elastinet.ec2.core import address_requests
from elastinet.ec2.core.address_limits import check_count, check_limit
from elastinet.ec2.core.address_requests import AddressRequest
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.faults import combination
from elastinet.ec2.core.lookup import need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.delegated_prefixes import pick_prefixes
from elastinet.ec2.interfaces.interface_spec import InterfaceSpec
from elastinet.model.fault import Fault
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.prefixes import prefix_of
from elastinet.model.vpc import Subnet
from elastinet.rules import addressing

FULL = "The specified subnet does not have enough free addresses to satisfy the request."


def fields(
    tx: Transaction, subnet: Subnet, spec: InterfaceSpec, kept: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The IPv4 fields of a new interface: its addresses, the primary first, and its prefixes.

    None of the addresses and prefixes in `kept` is picked.
    """
    asked = spec.ipv4
    if subnet.ipv6_native:
        if spec.primary or asked.size or spec.public:
            raise no_ipv4(subnet)
        return {"addresses": ()}
    check_count(1 + asked.size)
    for address in spec.named:
        check_free(tx, subnet, address)
    kept = kept | spec.named
    prefixes = _prefixes(tx, subnet, asked, kept) if asked.all_prefixes else ()
    picked = fresh(tx, subnet, (spec.primary is None) + asked.count, kept.union(prefixes))
    first = picked.pop(0) if spec.primary is None else spec.primary
    return {"addresses": (first, *asked.named, *picked), "prefixes": prefixes}


def no_ipv4(subnet: Subnet) -> Fault:
    """The refusal of what needs IPv4 in a subnet of IPv6 only."""
    sentence = f"The subnet '{subnet.id}' is IPv6-only: its network interfaces have no IPv4 addresses."
    return Fault("InvalidParameterValue", sentence)


def _prefixes(
    tx: Transaction, subnet: Subnet, asked: AddressRequest, kept: frozenset[str]
) -> tuple[str, ...]:
    others = {_block(one) for one in kept - {*asked.prefixes}}
    return pick_prefixes(tx, subnet, addressing, asked, others)


def _block(text: str) -> str:
    """The prefix that an address would be of, or the prefix itself."""
    return text if "/" in text else prefix_of(text)


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
    if subnet.ipv6_native:
        return False
    block = addressing.network(subnet.cidr)
    return address in {str(block[n]) for n in (0, 1, 2, 3, -1)}


def fresh(tx: Transaction, subnet: Subnet, count: int, kept: frozenset[str] = frozenset()) -> list[str]:
    """This many free addresses of a subnet, none in `kept` or of a prefix in it. Raises Fault."""
    free = addressing.free_addresses(tx.state, subnet, tx.dice)
    if kept:
        free = (a for a in free if a not in kept and prefix_of(a) not in kept)
    found = list(islice(free, count))
    if len(found) < count:
        raise Fault("InsufficientFreeAddressesInSubnet", FULL)
    return found


def assign_private_ip_addresses(tx: Transaction, request: Request) -> Answer:
    """Give an interface more addresses: named ones, or a number of them."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    check_carries_ip(interface)
    subnet = tx.need(Subnet, interface.subnet_id)
    if subnet.ipv6_native:
        raise no_ipv4(subnet)
    _, asked = address_requests.ipv4(request)
    if not asked.size:
        sentence = "Exactly one of private addresses, prefixes, and the counts of either must be given."
        raise combination(sentence)
    if asked.all_prefixes:
        return _delegate(tx, subnet, interface, asked)
    check_count(asked.size)
    for address in asked.named:
        _take(tx, subnet, interface, address, bool(request.get("AllowReassignment")))
    new = [a for a in asked.named if a not in interface.addresses]
    new = new or fresh(tx, subnet, asked.count)
    interface = interface.but(addresses=(*interface.addresses, *new))
    check_limit(tx, interface)
    tx.put(interface)
    shown = [{"PrivateIpAddress": address} for address in (asked.named or new)]
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
    asked = address_requests.ipv4_gone(request)
    gone, prefixes = asked.named, asked.prefixes
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
