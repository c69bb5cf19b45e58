"""EBS volumes, as far as the API tells of them: an instance's data is on its overlay."""

from typing import ClassVar

from elastinet.model.noun import Index, Noun


class Volume(Noun, frozen=True, kw_only=True):
    """A volume that a launch made; `size` is in GiB, `create_time` in seconds since 1970."""

    zone: str
    device: str
    size: int
    volume_type: str = "gp3"
    encrypted: bool = False
    iops: int | None = None
    throughput: int | None = None
    initialization_rate: int | None = None
    kms_key: str | None = None
    snapshot_id: str = ""
    create_time: float
    instance_id: str | None = None
    delete_on_termination: bool = True

    INDEXES: ClassVar[dict[str, Index]] = {
        "attachment.instance-id": lambda v: (v.instance_id,) if v.instance_id else (),
    }
