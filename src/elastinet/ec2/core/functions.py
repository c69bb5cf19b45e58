"""Virtual functions of network cards: interfaces have them for as long as their instances have machines."""

from msgspec.structs import replace

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, Function
from elastinet.rules.devices import device
from elastinet.rules.interfaces import attachment_of, interfaces_of


def with_function(tx: Transaction, instance: Instance, attachment: Attachment) -> Attachment:
    """An attachment with the lowest free function of its card, where its instance takes any."""
    if instance.host is None or device(instance).function != "virtual":
        return attachment
    zone = tx.plants.zone(instance.zone)
    card = zone.card(instance.instance_type, attachment.network_card)
    number = zone.functions.lowest_free(instance.host, card)
    if number is None:
        raise Fault(
            "InsufficientInstanceCapacity",
            "We currently do not have sufficient network capacity on the host of the instance "
            f"'{instance.id}': its network card {card} has no virtual function left.",
            500,
        )
    return replace(attachment, function=Function(instance.host, card, number))


def give_all(tx: Transaction, instance: Instance) -> None:
    """Hand out functions to the interfaces of an instance that is about to have a machine."""
    for interface in interfaces_of(tx.state, instance.id):
        attachment = with_function(tx, instance, attachment_of(interface))
        if attachment is not interface.attachment:
            tx.put(interface.but(attachment=attachment))
