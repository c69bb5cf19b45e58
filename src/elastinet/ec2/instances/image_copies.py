"""CreateImage: an image of what an instance has changed of its own; the fabric makes the copy."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.machine_images import TAGGED, check_name, like
from elastinet.ec2.volumes.volume_views import attached_to, root_device
from elastinet.model.fault import Fault
from elastinet.model.image import FileSystem, MachineImage, Snapshot
from elastinet.model.instance import Instance
from elastinet.rules import images as rules

LIVE = ("running", "stopping", "stopped")
WRONG_STATE = "Instance is not in state 'running' or 'stopping' or 'stopped'"
"""As EC2 says it (facts sheet, 14)."""


def create_image(tx: Transaction, request: Request) -> Answer:
    """An image of an instance: it is down meanwhile, and boots again, unless the request says otherwise."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    if instance.state not in LIVE:
        sentence = f"Invalid value '{instance.id}' for instanceId. {WRONG_STATE}"
        raise Fault("InvalidParameterValue", sentence)
    if request.get("BlockDeviceMappings"):
        raise faults.unsupported("elastinet does not support block device mappings in CreateImage.")
    name, description = check_name(tx, request.get("Name")), request.get("Description", "")
    is_running = instance.state == "running"
    is_quiet = not request.get("NoReboot") and instance.state != "stopped"
    device = root_device(tx, instance)
    volume = next((volume for volume, one in attached_to(tx, instance) if one.device == device), None)
    file_system = instance.file_system
    snapshot = tx.new(
        Snapshot,
        "snap",
        size=volume.size if volume else 8,
        start_time=tx.now,
        description=f"Created by CreateImage({instance.id}) for {name}",
        state="pending",
        volume_id=volume.id if volume else "",
        source=instance.id,
        quiet=is_quiet,
        base=file_system.layers if file_system else (),
        tags=tags_for(tx, request, "snapshot", *TAGGED),
    )
    source = rules.find_image(tx.state, instance.scope, tx.settings.images, instance.image_id)
    fields = like(source) if source else {"root_device": device}
    made = tx.new(
        MachineImage,
        "ami",
        image_name=name,
        description=description,
        snapshot_id=snapshot.id,
        created=tx.now,
        source_instance=instance.id,
        tags=tags_for(tx, request, "image", *TAGGED),
        **fields | {"size": snapshot.size, "ena_support": instance.ena_support},
    )
    if is_quiet and is_running:
        tx.put(instance.but(boot=instance.boot + 1))
    return {"ImageId": made.id}


def captured(tx: Transaction, id: str, content: str, error: str) -> None:
    """A copy of an instance's disk is there, or there is none."""
    snapshot = tx.get(Snapshot, id)
    if snapshot is None or snapshot.state != "pending":
        return
    if error:
        tx.put(snapshot.but(state="error", description=f"{snapshot.description}: {error}"))
        return
    instance = tx.state.get(Instance, snapshot.source)
    before = (instance.file_system if instance else None) or FileSystem()
    layers = ((content,) if content else ()) + snapshot.base
    user = rules.user_of(instance) if instance else before.user
    found = FileSystem(
        layers, user, before.boot, before.cloud_init, before.systemd, _architecture(tx, id, before)
    )
    tx.put(snapshot.but(state="completed", file_system=found))


def _architecture(tx: Transaction, id: str, before: FileSystem) -> str:
    image = next(tx.where(MachineImage, "snapshot-id", id), None)
    return image.architecture if image else before.architecture


def forget_old(tx: Transaction, seconds: float) -> None:
    """Forget snapshots that were deleted long ago, and that no instance has anything of."""
    in_use = rules.contents_of_instances(tx.state)
    for snapshot in tx.where(Snapshot, "state", "deleting"):
        mine = snapshot.file_system.layers if snapshot.file_system else ()
        if tx.now - snapshot.start_time > seconds and in_use.isdisjoint(mine):
            tx.drop(snapshot)
