"""Facts that the fabric reports, as operations: through the same door, into the same journal."""

from msgspec.structs import replace

from elastinet.ec2.core.public_addresses import take_back
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.insights import kept
from elastinet.ec2.instances import fleets, image_copies
from elastinet.ec2.instances.lifecycle import finish
from elastinet.ec2.interfaces import address_transfers, interface_endpoints, nat_gateways
from elastinet.ec2.vpc import peerings
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, NetworkInterface
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.interfaces import attachment_of, interfaces_of

VISIBLE_SECONDS = 3600
"""Seconds for which a terminated instance is still shown (facts sheet, section 13.1: about an hour)."""


def instance_running(tx: Transaction, id: str, boot: int) -> None:
    """This boot of an instance has its namespaces, links and addresses."""
    instance = tx.get(Instance, id)
    if instance is not None and instance.boot == boot and instance.state == "pending":
        tx.put(instance.but(state="running", state_reason=None))
        _settle_efas(tx, id)


def _settle_efas(tx: Transaction, id: str) -> None:
    """Attach the instance's EFA-only interfaces: they have no link whose state the fabric could report."""
    for interface in interfaces_of(tx.state, id):
        if not carries_ip(interface) and attachment_of(interface).status == "attaching":
            tx.put(interface.but(attachment=replace(attachment_of(interface), status="attached")))


def instance_gone(tx: Transaction, id: str, asked: bool) -> None:
    """An instance has no machine under it any more."""
    instance = tx.get(Instance, id)
    if instance is None or (instance.alive and asked):
        return
    _settle_interfaces(tx, id)
    if instance.state == "stopping":
        tx.put(instance.but(state="stopped", host=None))
    elif instance.state == "shutting-down":
        finish(tx, instance)
    elif instance.alive:
        _ended_by_itself(tx, instance)


def _settle_interfaces(tx: Transaction, id: str) -> None:
    """Without a machine nothing is on its way in or out any more, and has no function of a card."""
    for interface in interfaces_of(tx.state, id):
        settled = replace(attachment_of(interface), status="attached", function=None)
        if attachment_of(interface).status == "detaching":
            tx.put(interface.free)
        elif settled != interface.attachment:
            tx.put(interface.but(attachment=settled))


def _ended_by_itself(tx: Transaction, instance: Instance) -> None:
    reason = (
        "Client.InstanceInitiatedShutdown",
        "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
    )
    if instance.shutdown_behavior == "terminate":
        finish(tx, instance.but(state_reason=reason))
    else:
        tx.put(instance.but(state="stopped", state_reason=reason, host=None))


def instance_lost(tx: Transaction, id: str) -> None:
    """Nobody knows of a machine under an instance any more: it stops, whatever its shutdown behaviour."""
    instance = tx.get(Instance, id)
    if instance is not None and instance.alive:
        take_back(tx, id)
        _settle_interfaces(tx, id)
        reason = ("Server.InternalError", "Server.InternalError: The machine under the instance was lost")
        tx.put(instance.but(state="stopped", state_reason=reason, host=None))


def interface_attached(tx: Transaction, id: str, attachment: str) -> None:
    """An interface is in its instance and has its address."""
    interface = tx.get(NetworkInterface, id)
    if interface is not None and (found := _attachment(interface, attachment, "attaching")):
        tx.put(interface.but(attachment=replace(found, status="attached")))
        nat_gateways.attached(tx, interface)


def interface_detached(tx: Transaction, id: str, attachment: str) -> None:
    """An interface has left its instance."""
    interface = tx.get(NetworkInterface, id)
    if interface is not None and _attachment(interface, attachment, "detaching"):
        tx.put(interface.free)
        nat_gateways.detached(tx, interface)
        interface_endpoints.detached(tx, interface)


def _attachment(interface: NetworkInterface, id: str, status: str) -> Attachment | None:
    """An interface's attachment, if it is the one of this id and has this status."""
    found = interface.attachment
    return found if found is not None and (found.id, found.status) == (id, status) else None


def sweep(tx: Transaction) -> None:
    """Forget what ended long ago, and end what has waited too long."""
    for instance in tx.where(Instance, "instance-state-name", "terminated"):
        if tx.now - (instance.end_time or 0) > VISIBLE_SECONDS:
            tx.drop(instance)
    image_copies.forget_old(tx, VISIBLE_SECONDS)
    fleets.forget_old(tx, VISIBLE_SECONDS)
    nat_gateways.forget_old(tx, VISIBLE_SECONDS)
    peerings.end_old(tx)
    address_transfers.forget_old(tx)
    kept.forget_old(tx)
