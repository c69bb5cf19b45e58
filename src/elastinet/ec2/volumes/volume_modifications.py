"""ModifyVolume: a volume's size, type and rates change at once, and what was is told."""

from typing import Any

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED
from elastinet.ec2.volumes.volume_limits import BASE_IOPS, IOPS, checked
from elastinet.ec2.volumes.volumes import known_type
from elastinet.model.fault import Fault
from elastinet.model.view import StateView
from elastinet.model.volume import Figures, Volume, VolumeModification

FIELDS = {
    "Size": "size",
    "VolumeType": "volume_type",
    "Iops": "iops",
    "Throughput": "throughput",
    "MultiAttachEnabled": "multi_attach",
}


def modify_volume(tx: Transaction, request: Request) -> Answer:
    """Change a volume, attached or not; it is done at once, and only this answer has it as on its way."""
    volume = need(tx, Volume, "vol", request["VolumeId"])
    asked = {field: request.get(name) for name, field in FIELDS.items() if request.get(name) is not None}
    if not asked:
        raise faults.missing_parameter("size/volumeType/iops/throughput/multiAttachEnabled")
    target = _target(volume, asked)
    made = VolumeModification(volume.figures, volume.but(**target).figures, tx.now)
    changed = tx.put(volume.but(**target, modification=made))
    begun = {name: value for name, value in _view(tx, changed).items() if name != "EndTime"}
    return {"VolumeModification": begun | {"ModificationState": "modifying", "Progress": 0}}


def _target(volume: Volume, asked: dict[str, Any]) -> dict[str, Any]:
    """The figures that a volume is to have: what is not asked for stays, or is as its new type has it."""
    kind = known_type(asked.get("volume_type", volume.volume_type))
    if asked.get("size", volume.size) < volume.size:
        raise Fault("InvalidParameterValue", "New size cannot be smaller than existing size")
    if asked.get("multi_attach") is False and len(volume.attachments) > 1:
        raise faults.combination(f"{volume.id} is attached to several instances.")
    stays: dict[str, Any] = {"size": volume.size, "volume_type": kind, "multi_attach": volume.multi_attach}
    if kind in IOPS:
        same = kind == volume.volume_type
        stays |= {"iops": volume.iops, "throughput": volume.throughput} if same else {"iops": BASE_IOPS}
    return checked(stays | asked)


def _view(tx: Transaction, volume: Volume) -> StateView:
    """A volume's last modification; nothing where there was none."""
    if (made := volume.modification) is None:
        return StateView()
    return StateView(
        VolumeId=volume.id,
        ModificationState="completed",
        Progress=100,
        StartTime=moment(made.time),
        EndTime=moment(made.time),
        Operator=UNMANAGED,
        **_figures("Original", made.original),
        **_figures("Target", made.target),
    )


def _figures(side: str, figures: Figures) -> dict[str, Any]:
    shown = {
        "Size": figures.size,
        "VolumeType": figures.volume_type,
        "Iops": figures.iops,
        "Throughput": figures.throughput,
        "MultiAttachEnabled": figures.multi_attach,
    }
    return {f"{side}{name}": value for name, value in shown.items() if value is not None}


MODIFICATIONS = Describable(
    Volume,
    "vol",
    "VolumesModifications",
    "VolumeIds",
    _view,
    paths(
        """
        modification-state original-iops original-size original-volume-type start-time target-iops target-size
        target-volume-type volume-id
        """
    )
    | {f"{side}MultiAttachEnabled": f"{side.title()}MultiAttachEnabled" for side in ("original", "target")},
)


def describe_volumes_modifications(tx: Transaction, request: Request) -> Answer:
    """The last modification of each volume that was modified; all are completed."""
    request.accept("IncludeManagedResources")
    for id in request.ids("VolumeIds"):
        if need(tx, Volume, "vol", id).modification is None:
            sentence = f"Modification for volume '{id}' does not exist."
            raise Fault("InvalidVolumeModification.NotFound", sentence)
    there = filters.Filter("modification-state", ["completed"])
    return describe(tx, request, MODIFICATIONS, also=[there])
