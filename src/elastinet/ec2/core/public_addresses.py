"""Public addresses that lead to private ones: lent by AWS, or Elastic IPs of the account."""

from typing import TYPE_CHECKING

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.vpc import Vpc
from elastinet.rules import addressing, naming
from elastinet.rules.interfaces import interfaces_of

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceAssociationTypeDef


def association(
    elastic: Address | None, lent: str | None, vpc: Vpc
) -> "NetworkInterfaceAssociationTypeDef | None":
    """The `Association` of an interface's private address with its public one; None if it has none."""
    if elastic is not None:
        shown: NetworkInterfaceAssociationTypeDef = {
            "PublicIp": elastic.public_ip,
            "AllocationId": elastic.id,
            "AssociationId": elastic.association_id or "",
            "IpOwnerId": elastic.owner,
        }
    elif lent is not None:
        shown = {"PublicIp": lent, "IpOwnerId": "amazon"}
    else:
        return None
    if vpc.dns_hostnames:
        shown["PublicDnsName"] = naming.public_dns(shown["PublicIp"], vpc.region)
    return shown


def lend(tx: Transaction, instance: Instance) -> None:
    """Give an instance that starts the public address that its primary interface wants.

    None where an Elastic IP leads to it already, or where there is a second interface (facts sheet,
    section 0.1, line 11).
    """
    interfaces = interfaces_of(tx.state, instance.id)
    primary = interfaces[0]
    if not primary.associate_public_ip or primary.public_ip or not primary.addresses or len(interfaces) > 1:
        return
    if any(a.private_ip == primary.primary for a in _elastic(tx, primary)):
        return
    tx.put(primary.but(public_ip=pick(tx)))


def pick(tx: Transaction) -> str:
    """A public address to lend."""
    address = addressing.free_public(tx.state, tx.dice)
    if address is None:
        raise Fault("InsufficientFreeAddressesInSubnet", "There are no more public addresses.")
    return address


def take_back(tx: Transaction, instance_id: str) -> None:
    """Take the lent public address from an instance that stops."""
    for interface in interfaces_of(tx.state, instance_id):
        if interface.public_ip:
            tx.put(interface.but(public_ip=None))


def _elastic(tx: Transaction, interface: NetworkInterface) -> list[Address]:
    return list(tx.state.where(Address, "network-interface-id", interface.id))


def forget_associations(tx: Transaction, interface: NetworkInterface) -> None:
    """Let no Elastic IP lead to an interface any more."""
    for address in _elastic(tx, interface):
        tx.put(address.idle)
