"""EBS volumes, as far as the API tells of them: an instance's data is on its overlay."""

from typing import ClassVar

import msgspec

from elastinet.model.noun import Index, Noun


class VolumeAttachment(msgspec.Struct, frozen=True):
    """The attachment of a volume to an instance; `time` is in seconds since 1970."""

    instance_id: str
    device: str
    time: float
    delete_on_termination: bool = False


class Figures(msgspec.Struct, frozen=True):
    """What a modification of a volume may change; `size` is in GiB, `throughput` in MiB/s."""

    size: int
    volume_type: str
    iops: int | None
    throughput: int | None
    multi_attach: bool


class VolumeModification(msgspec.Struct, frozen=True):
    """The last modification of a volume; `time` is in seconds since 1970."""

    original: Figures
    target: Figures
    time: float


class Volume(Noun, frozen=True, kw_only=True):
    """A volume; `size` is in GiB, `throughput` in MiB/s, `create_time` in seconds since 1970.

    One with `multi_attach` may have several attachments, any other has one at most. `instance_id`, `device`
    and `delete_on_termination` are how old journals have the one attachment of a volume.
    """

    zone: str
    size: int
    volume_type: str = "gp3"
    encrypted: bool = False
    iops: int | None = None
    throughput: int | None = None
    initialization_rate: int | None = None
    kms_key: str | None = None
    snapshot_id: str = ""
    create_time: float
    multi_attach: bool = False
    auto_enable_io: bool = False
    attachments: tuple[VolumeAttachment, ...] = ()
    modification: VolumeModification | None = None
    instance_id: str | None = None
    device: str = ""
    delete_on_termination: bool = True

    INDEXES: ClassVar[dict[str, Index]] = {
        "attachment.instance-id": lambda v: tuple(one.instance_id for one in v.attachments),
    }

    def __post_init__(self) -> None:
        if self.instance_id is not None:
            old = VolumeAttachment(
                self.instance_id, self.device, self.create_time, self.delete_on_termination
            )
            now = {"attachments": (old,), "instance_id": None, "device": "", "delete_on_termination": True}
            for name, value in now.items():
                msgspec.structs.force_setattr(self, name, value)

    @property
    def figures(self) -> Figures:
        """What a modification may change, as it is."""
        return Figures(self.size, self.volume_type, self.iops, self.throughput, self.multi_attach)

    def at(self, instance_id: str) -> VolumeAttachment | None:
        """Its attachment to this instance."""
        return next((one for one in self.attachments if one.instance_id == instance_id), None)

    def without(self, instance_id: str) -> "Volume":
        """The same volume without its attachment to this instance."""
        return self.but(attachments=tuple(a for a in self.attachments if a.instance_id != instance_id))
