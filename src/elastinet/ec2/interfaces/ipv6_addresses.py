"""IPv6 addresses and prefixes of interfaces (facts sheet, section 4)."""

from itertools import islice
from typing import Any

from elastinet.ec2.core import address_requests, faults
from elastinet.ec2.core.address_limits import check_count, check_limit
from elastinet.ec2.core.address_requests import AddressRequest
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.lookup import need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.delegated_prefixes import pick_prefixes
from elastinet.model.fault import Fault
from elastinet.model.vpc import Subnet
from elastinet.rules import ipv6


def or_default(subnet: Subnet, asked: AddressRequest | None) -> AddressRequest:
    """The request itself, or an address if it says nothing and the subnet gives its new interfaces one.

    In a subnet of IPv6 only there is always one.
    """
    if asked is None or (subnet.ipv6_native and not asked.size):
        return AddressRequest(count=1 if subnet.assign_ipv6 else 0)
    return asked


def fields(
    tx: Transaction, subnet: Subnet, asked: AddressRequest, *, primary: bool = False
) -> dict[str, Any]:
    """The IPv6 fields of a new interface: its addresses and prefixes, the first one primary or not."""
    addresses, prefixes = pick(tx, subnet, asked)
    if primary and not addresses:
        raise faults.combination("A primary IPv6 address requires an IPv6 address on the network interface.")
    return {"addresses6": addresses, "prefixes6": prefixes, "has_primary6": primary}


def pick(tx: Transaction, subnet: Subnet, asked: AddressRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses and the prefixes that a request asks for."""
    if not asked.size:
        return (), ()
    if not subnet.cidr6:
        sentence = f"The subnet '{subnet.id}' has no IPv6 CIDR block associated with it."
        raise Fault("InvalidParameterValue", sentence)
    check_count(asked.size)
    for address in asked.named:
        _check_free(tx, subnet, address)
    fresh = ipv6.free_addresses(tx.state, subnet, tx.dice)
    return (*asked.named, *islice(fresh, asked.count)), pick_prefixes(tx, subnet, ipv6, asked)


def _check_free(tx: Transaction, subnet: Subnet, address: str) -> None:
    if not ipv6.usable(subnet, address):
        sentence = "Address does not fall within the subnet's address range"
        if ipv6.is_reserved(subnet, address):
            sentence = "Address is in subnet's reserved address range"
        raise Fault("InvalidParameterValue", sentence)
    if ipv6.in_use(tx.state, subnet, address):
        raise Fault("InvalidIPAddress.InUse", "The specified address is already in use.")


def assign_ipv6_addresses(tx: Transaction, request: Request) -> Answer:
    """Give an interface more IPv6 addresses, or prefixes: named ones, or a number of them."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    check_carries_ip(interface)
    asked = address_requests.ipv6(request)
    if asked is None or not asked.size:
        raise Fault("InvalidParameterValue", address_requests.ONE_OF_IPV6)
    subnet = tx.need(Subnet, interface.subnet_id)
    addresses, prefixes = pick(tx, subnet, asked)
    new = interface.but(
        addresses6=(*interface.addresses6, *addresses), prefixes6=(*interface.prefixes6, *prefixes)
    )
    check_limit(tx, new)
    tx.put(new)
    shown = {"AssignedIpv6Addresses": list(addresses), "AssignedIpv6Prefixes": list(prefixes)}
    return {"NetworkInterfaceId": interface.id} | {name: value for name, value in shown.items() if value}


def unassign_ipv6_addresses(tx: Transaction, request: Request) -> Answer:
    """Take IPv6 addresses and prefixes from an interface; not the primary address."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    gone = address_requests.ipv6_gone(request)
    addresses, prefixes = gone.named, gone.prefixes
    if {*addresses} - {*interface.addresses6} or {*prefixes} - {*interface.prefixes6}:
        sentence = f"Some of the specified addresses are not assigned to interface {interface.id}"
        raise Fault("InvalidParameterValue", sentence)
    if interface.has_primary6 and interface.addresses6[0] in addresses:
        sentence = f"The primary IPv6 address of {interface.id} cannot be unassigned"
        raise Fault("InvalidParameterValue", sentence)
    if not interface.addresses and {*addresses} == {*interface.addresses6}:
        sentence = f"{interface.id} has no IPv4 address and keeps one IPv6 address"
        raise Fault("InvalidParameterValue", sentence)
    tx.put(
        interface.but(
            addresses6=tuple(a for a in interface.addresses6 if a not in addresses),
            prefixes6=tuple(p for p in interface.prefixes6 if p not in prefixes),
        )
    )
    shown = {"UnassignedIpv6Addresses": list(addresses), "UnassignedIpv6Prefixes": list(prefixes)}
    return {"NetworkInterfaceId": interface.id} | {name: value for name, value in shown.items() if value}
