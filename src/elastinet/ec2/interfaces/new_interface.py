"""The making of a network interface, by itself or in a launch."""

from typing import Any

from elastinet.ec2.core.address_limits import check_limit
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces import ipv6_addresses, private_addresses
from elastinet.ec2.interfaces.efa import check_type
from elastinet.ec2.interfaces.interface_spec import InterfaceSpec
from elastinet.ec2.security.named_groups import groups_by_name
from elastinet.ec2.security.security_groups import check_groups
from elastinet.model.fault import Fault
from elastinet.model.interface import Attachment, NetworkInterface
from elastinet.model.noun import Tags
from elastinet.model.vpc import Subnet


def groups_of(tx: Transaction, spec: InterfaceSpec, subnet: Subnet) -> tuple[str, ...]:
    """The ids of the groups of a new interface in a subnet: those that are named, or the VPC's default."""
    by_name = groups_by_name(tx, list(spec.group_names))
    return check_groups(tx, [*spec.groups, *by_name], subnet.vpc_id)


def wants_public(subnet: Subnet, spec: InterfaceSpec) -> bool:
    """True if an interface is to have a public address: as it is asked for, or else as its subnet says."""
    return subnet.map_public_ip if spec.public is None else spec.public


def create_interface(
    tx: Transaction,
    subnet: Subnet,
    spec: InterfaceSpec,
    groups: tuple[str, ...],
    tags: Tags,
    kept: frozenset[str] = frozenset(),
    creator_id: str = "",
    attachment: Attachment | None = None,
    public_ip: str | None = None,
) -> NetworkInterface:
    """A new interface as a request describes it; no address or prefix in `kept` is picked for it.

    It is lent `public_ip` if it wants one and has a private address for it to lead to.
    """
    check_type(tx, spec.interface_type)
    if spec.interface_type == "efa-only":
        addresses: dict[str, Any] = {"addresses": (), "associate_public_ip": False}
    else:
        asked = ipv6_addresses.or_default(subnet, spec.ipv6)
        addresses = private_addresses.fields(tx, subnet, spec, kept)
        addresses |= ipv6_addresses.fields(tx, subnet, asked, primary=spec.has_primary6)
        addresses["associate_public_ip"] = wants_public(subnet, spec)
    if addresses["associate_public_ip"] and addresses["addresses"]:
        addresses["public_ip"] = public_ip
    described = {"interface_type": spec.interface_type, "description": spec.description, "idle": spec.idle}
    given = {"groups": groups, "tags": tags, "creator_id": creator_id, "attachment": attachment}
    return make_interface(tx, subnet, **given, **described, **addresses)


def make_interface(tx: Transaction, subnet: Subnet, **fields: Any) -> NetworkInterface:
    """An interface in a subnet, within the quota; its fields are right already."""
    if tx.count(NetworkInterface) >= tx.settings.quotas.network_interfaces:
        sentence = "The maximum number of network interfaces has been reached."
        raise Fault("NetworkInterfaceLimitExceeded", sentence)
    where = {"vpc_id": subnet.vpc_id, "subnet_id": subnet.id, "zone": subnet.zone}
    made = tx.new(NetworkInterface, "eni", mac=tx.new_mac(), **where, **fields)
    check_limit(tx, made)
    return made
