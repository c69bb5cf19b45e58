"""The attachment of interfaces to instances (facts sheet, section 1.3)."""

from msgspec.structs import replace

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.address_limits import check_bears
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.functions import with_function
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.efa import check_at_rest, check_one_more
from elastinet.ec2.interfaces.ena_express import check_has_ena, plan_express
from elastinet.ec2.interfaces.interface_spec import AttachmentSpec
from elastinet.ec2.interfaces.network_interfaces import in_use, remove_interface
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Attachment, EnaSrd, NetworkInterface
from elastinet.rules.interfaces import attachment_of, interfaces_of

OTHER_ZONE = (
    "You may not attach a network interface to an instance if they are not in the same availability zone"
)


def attach_network_interface(tx: Transaction, request: Request) -> Answer:
    """Put an interface into an instance, running or stopped; an EFA only into a stopped one."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    instance = need(tx, Instance, "i", request["InstanceId"])
    spec = AttachmentSpec.parse(request)
    index, card = request["DeviceIndex"], spec.card
    if interface.attachment is not None:
        raise in_use(interface)
    check_fits(tx, instance, interface, index, card)
    check_has_ena(interface.interface_type, spec.ena_srd)
    express = plan_express(tx, instance.instance_type, spec.ena_srd)
    made = new_attachment(tx, instance, index, card=card, ena_srd=express)
    tx.put(interface.but(attachment=made, ended=None))
    return {"AttachmentId": made.id, "NetworkCardIndex": card}


def check_fits(
    tx: Transaction, instance: Instance, interface: NetworkInterface, index: int, card: int
) -> None:
    """Refuse an interface that an instance cannot take."""
    if instance.state not in ("running", "stopped"):
        sentence = f"Instance '{instance.id}' is not 'running' or 'stopped'."
        raise Fault("IncorrectState", sentence)
    check_at_rest(instance, interface)
    if interface.zone != instance.zone:
        raise faults.combination(OTHER_ZONE)
    there = interfaces_of(tx.state, instance.id)
    if any((attachment_of(i).device_index, attachment_of(i).network_card) == (index, card) for i in there):
        sentence = f"Instance '{instance.id}' already has an interface attached at device index '{index}'."
        raise Fault("InvalidParameterValue", sentence)
    _check_limits(instance, interface, index, card, there)
    check_one_more(tx, instance, interface, card, there)


def _check_limits(
    instance: Instance, interface: NetworkInterface, index: int, card: int, there: list[NetworkInterface]
) -> None:
    check_index(instance.instance_type, index, card)
    kind = instance_types()[instance.instance_type]
    on_card = sum(1 for i in there if attachment_of(i).network_card == card)
    if len(there) + 1 > kind.max_interfaces or on_card + 1 > kind.cards[card].max_enis:
        raise too_many(len(there) + 1, instance.instance_type)
    check_bears(instance.instance_type, interface)


def check_index(instance_type: str, index: int, card: int) -> None:
    """Refuse a network card or a device index that a type does not have."""
    kind = instance_types()[instance_type]
    if not 0 <= card < len(kind.cards):
        sentence = f"The instance type {instance_type} has {len(kind.cards)} network card(s)."
        raise faults.invalid(card, "networkCardIndex", sentence)
    if not 0 <= index < 100:
        raise faults.invalid(index, "deviceIndex", "Device indexes are from 0 to 99.")


def too_many(count: int, instance_type: str) -> Fault:
    """The refusal of more interfaces than a type bears."""
    sentence = f"Interface count {count} exceeds the limit for {instance_type}"
    return Fault("AttachmentLimitExceeded", sentence)


def new_attachment(
    tx: Transaction,
    instance: Instance,
    index: int,
    *,
    card: int = 0,
    delete_on_termination: bool = False,
    ena_srd: EnaSrd | None = None,
) -> Attachment:
    """An attachment to an instance; while that is up, the fabric has yet to put the interface there."""
    made = Attachment(
        id=tx.new_id("eni-attach"),
        instance_id=instance.id,
        device_index=index,
        network_card=card,
        status="attaching" if instance.alive else "attached",
        time=tx.now,
        delete_on_termination=delete_on_termination,
        ena_srd=ena_srd,
    )
    return with_function(tx, instance, made)


def detach_network_interface(tx: Transaction, request: Request) -> None:
    """Take an interface out of an instance; not the primary one, and an EFA only out of a stopped one."""
    request.accept("Force")  # the kernel always lets go, so force is what happens anyway
    interface = by_attachment(tx, request["AttachmentId"])
    attachment = attachment_of(interface)
    if attachment.device_index == 0 and attachment.network_card == 0:
        sentence = "The network interface at device index 0 and networkCard index 0 cannot be detached."
        raise Fault("OperationNotPermitted", sentence)
    check_at_rest(tx.need(Instance, attachment.instance_id), interface)
    detach(tx, interface)


def detach(tx: Transaction, interface: NetworkInterface) -> None:
    """End an attachment: at once in a stopped instance, else as soon as the fabric has done it."""
    instance = tx.need(Instance, attachment_of(interface).instance_id)
    if instance.alive:
        tx.put(interface.but(attachment=replace(attachment_of(interface), status="detaching")))
    else:
        tx.put(interface.free)


def by_attachment(tx: Transaction, id: str) -> NetworkInterface:
    """The interface of an attachment."""
    interface = next(tx.where(NetworkInterface, "attachment.attachment-id", id), None)
    if interface is None or interface.attachment is None:
        faults.check_form("eni-attach", id)
        raise faults.missing("eni-attach", [id])
    return need_mine(tx, interface.id)


def release_all(tx: Transaction, instance_id: str) -> None:
    """Free a terminated instance's interfaces, and remove those that were to go with it."""
    for interface in interfaces_of(tx.state, instance_id):
        if attachment_of(interface).delete_on_termination:
            remove_interface(tx, interface)
        else:
            tx.put(interface.free)
