"""Virtual functions of network cards: interfaces have them for as long as their instances have machines."""

from msgspec.structs import replace

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, Function
from elastinet.rules.devices import device
from elastinet.rules.interfaces import bond, interfaces_of


def given(tx: Transaction, instance: Instance, bonded: Attachment) -> Attachment:
    """A bond with the lowest free function of its card, where its instance takes any."""
    if instance.host is None or device(instance).function != "virtual":
        return bonded
    zone = tx.plants.zone(instance.zone)
    card = zone.card(instance.instance_type, bonded.network_card)
    number = zone.functions.lowest_free(instance.host, card)
    if number is None:
        raise Fault(
            "InsufficientInstanceCapacity",
            "We currently do not have sufficient network capacity on the host of the instance "
            f"'{instance.id}': its network card {card} has no virtual function left.",
            500,
        )
    return replace(bonded, function=Function(instance.host, card, number))


def give_all(tx: Transaction, instance: Instance) -> None:
    """Hand out functions to the interfaces of an instance that is about to have a machine."""
    for interface in interfaces_of(tx.state, instance.id):
        bonded = given(tx, instance, bond(interface))
        if bonded is not interface.attachment:
            tx.put(interface.but(attachment=bonded))
