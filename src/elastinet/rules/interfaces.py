"""What interfaces an instance has, and what leads to them from outside."""

from elastinet.model.interface import Address, Attachment, NetworkInterface
from elastinet.model.state import State


def bond(interface: NetworkInterface) -> Attachment:
    """The attachment of an interface that is known to have one."""
    assert interface.attachment is not None, interface.id
    return interface.attachment


def instance_id_of(interface: NetworkInterface) -> str | None:
    """The instance that an interface is in; None where it is in none, or in a NAT gateway."""
    if interface.attachment is None or interface.interface_type == "natGateway":
        return None
    return interface.attachment.instance_id


def interfaces_of(state: State, instance_id: str) -> list[NetworkInterface]:
    """An instance's interfaces in the order of network cards and device indexes, the primary first."""
    found = state.where(NetworkInterface, "attachment.instance-id", instance_id)
    return sorted(found, key=lambda i: (bond(i).network_card, bond(i).device_index))


def primary_of(state: State, instance_id: str) -> NetworkInterface | None:
    """An instance's primary interface, while it has one."""
    return next(iter(interfaces_of(state, instance_id)), None)


def addresses_of(state: State, interface: NetworkInterface) -> dict[str, Address]:
    """The Elastic IPs that lead to an interface, by the private address that each leads to."""
    found = state.where(Address, "network-interface-id", interface.id)
    return {address.private_ip: address for address in found if address.private_ip}
