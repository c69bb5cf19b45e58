"""Interfaces of an instance, and the Elastic IPs that lead to them."""

from elastinet.model.interface import Address, Attachment, NetworkInterface
from elastinet.model.prefixes import prefix_of
from elastinet.model.state import State


def attachment_of(interface: NetworkInterface) -> Attachment:
    """The attachment of an interface that is known to have one."""
    assert interface.attachment is not None, interface.id
    return interface.attachment


def instance_id_of(interface: NetworkInterface) -> str | None:
    """The instance that an interface is in; None where it is in none, or is a service's."""
    if interface.attachment is None or interface.requester_id is not None:
        return None
    return interface.attachment.instance_id


def interfaces_of(state: State, instance_id: str) -> list[NetworkInterface]:
    """An instance's interfaces in the order of network cards and device indexes, the primary first."""
    found = state.where(NetworkInterface, "attachment.instance-id", instance_id)
    return sorted(found, key=lambda i: (attachment_of(i).network_card, attachment_of(i).device_index))


def instance_by_eni(state: State) -> dict[str, str]:
    """The instances by the interfaces that are in them."""
    found = ((interface.id, instance_id_of(interface)) for interface in state.all(NetworkInterface))
    return {id: instance_id for id, instance_id in found if instance_id}


def primary_of(state: State, instance_id: str) -> NetworkInterface | None:
    """An instance's primary interface, while it has one."""
    return next(iter(interfaces_of(state, instance_id)), None)


def holder(state: State, vpc_id: str, address: str) -> NetworkInterface | None:
    """The interface in a VPC that an address is of, by itself or in a prefix."""
    index = "ipv6-addresses.ipv6-address" if ":" in address else "addresses.private-ip-address"
    by_itself = (i for i in state.where(NetworkInterface, index, address) if i.vpc_id == vpc_id)
    in_prefix = state.where(NetworkInterface, "prefix", (vpc_id, prefix_of(address)))
    return next(by_itself, None) or next(in_prefix, None)


def addresses_of(state: State, interface: NetworkInterface) -> dict[str, Address]:
    """The Elastic IPs that lead to an interface, by the private address that each leads to."""
    found = state.where(Address, "network-interface-id", interface.id)
    return {address.private_ip: address for address in found if address.private_ip}
