"""Snapshots: of the root volumes of an account's own images, and those of the published ones."""

from typing import Any

from elastinet.ec2.core import owners as whose
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.model.fault import Fault
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.view import StateView
from elastinet.rules.images import all_images


def view(tx: Transaction, snapshot: Snapshot) -> StateView:
    """A snapshot in the shape of the API."""
    return tx.views.of(snapshot, (), lambda: tags_if_any(_view(snapshot)))


def _view(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "SnapshotId": snapshot.id,
        "OwnerId": snapshot.owner,
        "VolumeId": snapshot.volume_id or "vol-ffffffff",
        "VolumeSize": snapshot.size,
        "StartTime": moment(snapshot.start_time),
        "State": snapshot.state,
        "Progress": "0%" if snapshot.state == "pending" else "100%",
        "Description": snapshot.description,
        "Encrypted": False,
        "StorageTier": "standard",
        "Tags": tag_set(snapshot),
    }


SNAPSHOTS = Describable(
    Snapshot,
    "snap",
    "Snapshots",
    "SnapshotIds",
    view,
    paths(
        """
        completion-time description encrypted owner-alias owner-id progress snapshot-id start-time
        storage-tier transfer-type volume-id volume-size
        """,
        status="State",
    ),
    {},
)


def describe_snapshots(tx: Transaction, request: Request) -> Answer:
    """An account's own snapshots by id, owner or filter; one that is being deleted is not shown."""
    owners, users = request.ids("OwnerIds"), request.ids("RestorableByUserIds")
    whose.check([*owners, *(user for user in users if user != "all")])
    for id in request.ids("SnapshotIds"):
        _check_kept(tx.get(Snapshot, id))
    shown = describe(tx, request, SNAPSHOTS)
    is_asked = not users or tx.owner in users or "self" in users
    if (owners and not {tx.owner, "self"} & set(owners)) or not is_asked:
        return {"Snapshots": []}
    shown["Snapshots"] = [one for one in shown["Snapshots"] if one["State"] != "deleting"]
    return shown


def delete_snapshot(tx: Transaction, request: Request) -> None:
    """Remove a snapshot that no image has; its content goes when no instance has it any more."""
    remove(tx, find(tx, request["SnapshotId"]))


def find(tx: Transaction, id: str) -> Snapshot:
    """The snapshot of this id, which is not being deleted."""
    snapshot = need(tx, Snapshot, "snap", id)
    _check_kept(snapshot)
    return snapshot


def _check_kept(snapshot: Snapshot | None) -> None:
    if snapshot is not None and snapshot.state == "deleting":
        raise Fault("InvalidSnapshot.NotFound", f"The snapshot '{snapshot.id}' does not exist.")


def remove(tx: Transaction, snapshot: Snapshot) -> None:
    """Let a snapshot go, if no image has it."""
    image = next(tx.where(MachineImage, "snapshot-id", snapshot.id), None)
    if image is not None:
        sentence = f"The snapshot {snapshot.id} is currently in use by {image.id}"
        raise Fault("InvalidSnapshot.InUse", sentence)
    tx.put(snapshot.but(state="deleting", start_time=tx.now))


def snapshot_gib(tx: Transaction, id: str) -> int:
    """The size of a snapshot; refuses one that is not there."""
    own = tx.get(Snapshot, id)
    if own is not None and own.state != "deleting":
        return own.size
    for image in all_images(tx.state, tx.scope, tx.settings.images):
        if image.snapshot_id == id and own is None:
            return image.volume_gib
    raise Fault("InvalidSnapshot.NotFound", f"The snapshot '{id}' does not exist.")


def check_holds(size: int, snapshot: str, gib: int, code: str) -> None:
    """Refuse a volume that is smaller than its snapshot."""
    if size < gib:
        sentence = f"Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size >= {gib}GB"
        raise Fault(code, sentence)
