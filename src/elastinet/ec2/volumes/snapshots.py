"""The snapshots that volumes can be made from: those of the images' root volumes, and no others."""

from elastinet.catalog.images import images
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault


def snapshot_gib(tx: Transaction, id: str) -> int:
    """The size of a snapshot; refuses one that is not there."""
    for image in images(tx.region, tx.settings.images).values():
        if image.snapshot_id == id:
            return image.volume_gib
    raise Fault("InvalidSnapshot.NotFound", f"The snapshot '{id}' does not exist.")


def check_holds(size: int, snapshot: str, gib: int, code: str) -> None:
    """Refuse a volume that is smaller than its snapshot."""
    if size < gib:
        sentence = f"Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size >= {gib}GB"
        raise Fault(code, sentence)
