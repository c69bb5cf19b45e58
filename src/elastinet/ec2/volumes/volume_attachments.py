"""Volumes that come to instances and leave them; no block device appears in an instance."""

from collections.abc import Iterable

from msgspec.structs import replace

from elastinet.catalog.instance_hardware import hardware
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.volumes.device_names import is_device, place_of, taken
from elastinet.ec2.volumes.volume_views import attached_to, attachment_view, root_device
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.volume import Volume, VolumeAttachment
from elastinet.rules.interfaces import interfaces_of


def attach_volume(tx: Transaction, request: Request) -> Answer:
    """Put a volume into an instance, running or stopped, under the name of a device."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    instance = need(tx, Instance, "i", request["InstanceId"])
    device = request["Device"]
    if not is_device(device):
        raise faults.invalid(device, "device", f"{device} is not a valid EBS device name.")
    if volume.attachments and not (volume.multi_attach and volume.at(instance.id) is None):
        raise Fault("VolumeInUse", f"{volume.id} is already attached to an instance")
    if instance.state not in ("running", "stopped"):
        raise Fault("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone != instance.zone:
        sentence = (
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'"
        )
        raise Fault("InvalidVolume.ZoneMismatch", sentence)
    _check_room(tx, instance, device)
    made = VolumeAttachment(instance.id, device, tx.now)
    tx.put(volume.but(attachments=(*volume.attachments, made)))
    return {**attachment_view(volume, made, "attaching")}


def _check_room(tx: Transaction, instance: Instance, device: str) -> None:
    """Refuse a device's name that is taken, and one volume more than the instance's type bears."""
    there = attached_to(tx, instance)
    if any(place_of(one.device) == place_of(device) for _, one in there):
        raise taken(device)
    row = hardware(instance.instance_type).row
    shared = len(interfaces_of(tx.state, instance.id)) - 1 if row["ebs_limit"] == "shared" else 0
    if len(there) >= int(row["ebs_attachments"]) - max(shared, 0):
        sentence = f"Volume count {len(there) + 1} exceeds the limit for {instance.instance_type}"
        raise Fault("AttachmentLimitExceeded", sentence)


def detach_volume(tx: Transaction, request: Request) -> Answer:
    """Take a volume out of an instance; not the root one of an instance that has not stopped."""
    request.accept("Force")  # nothing holds on to it, so force is what happens anyway
    volume = need(tx, Volume, "vol", request["VolumeId"])
    one = _attachment(tx, volume, request.get("InstanceId"), request.get("Device"))
    instance = tx.need(Instance, one.instance_id)
    if one.device == root_device(tx, instance) and instance.state != "stopped":
        sentence = f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'"
        raise Fault("OperationNotPermitted", sentence)
    tx.put(volume.without(instance.id))
    return {**attachment_view(volume, one, "detaching")}


def _attachment(
    tx: Transaction, volume: Volume, instance_id: str | None, device: str | None
) -> VolumeAttachment:
    """The attachment that a request names by volume, and by instance and device if it likes."""
    if instance_id is not None:
        need(tx, Instance, "i", instance_id)
    if not volume.attachments:
        raise Fault("IncorrectState", f"Volume '{volume.id}' is in the 'available' state.")
    if instance_id is None and volume.multi_attach:
        raise faults.missing_parameter("instanceId")
    one = volume.at(instance_id or volume.attachments[0].instance_id)
    if one is None or (device is not None and device != one.device):
        where = f"instance '{instance_id or volume.attachments[0].instance_id}'"
        place = f" as device '{device}'" if device is not None else ""
        sentence = f"The volume '{volume.id}' is not attached to {where}{place}."
        raise Fault("InvalidAttachment.NotFound", sentence)
    return one


def check_root(tx: Transaction, instance: Instance) -> None:
    """Refuse to start an instance whose root volume was taken out of it."""
    root = root_device(tx, instance)
    if not any(one.device == root for _, one in attached_to(tx, instance)):
        why = f"Instance does not have a volume attached at root ({root})"
        raise Fault("InvalidParameterValue", f"Invalid value '{instance.id}' for instanceId. {why}")


def change(tx: Transaction, instance: Instance, mappings: Iterable[Request]) -> None:
    """Say which of an instance's volumes go with it."""
    there = {one.device: volume for volume, one in attached_to(tx, instance)}
    for item in mappings:
        device = item.get("DeviceName")
        if device not in there:
            sentence = f"No device is currently mapped at {device}"
            raise Fault("InvalidInstanceAttributeValue", sentence)
        if (ebs := item.get("Ebs")) is not None and (goes := ebs.get("DeleteOnTermination")) is not None:
            there[device] = tx.put(_going(there[device], instance.id, goes))


def _going(volume: Volume, instance_id: str, goes: bool) -> Volume:
    changed = (
        replace(one, delete_on_termination=goes) if one.instance_id == instance_id else one
        for one in volume.attachments
    )
    return volume.but(attachments=tuple(changed))


def release(tx: Transaction, instance: Instance) -> None:
    """Free a terminated instance's volumes, and remove those that were to go with it."""
    for volume, one in attached_to(tx, instance):
        left = volume.without(instance.id)
        if one.delete_on_termination and not left.attachments:
            tx.drop(volume)
        else:
            tx.put(left)
