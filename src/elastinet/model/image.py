"""Images of an account's own: what instances are launched from, and the snapshots of their root volumes."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

Boot = Literal["auto", "systemd", "plain"]
"""The first process that instances of an image want."""


class FileSystem(msgspec.Struct, frozen=True):
    """A root file system: the contents that it is of, the uppermost first, and what was found in them.

    `user` is who logs in by default. Without contents it is this machine's own userland.
    """

    layers: tuple[str, ...] = ()
    user: str = "ec2-user"
    boot: Boot = "auto"
    cloud_init: bool = False
    systemd: bool = False
    architecture: str = "x86_64"


class Snapshot(Noun, frozen=True, kw_only=True):
    """A snapshot of a root volume; `size` is in GiB, `start_time` in seconds since 1970.

    `file_system` is None while it is pending and after an error. `source` is the instance that it is made of,
    which was to be down meanwhile if it is `quiet`, and `base` the contents below what that has changed.
    """

    size: int
    start_time: float
    description: str = ""
    state: Literal["pending", "completed", "error", "deleting"] = "completed"
    file_system: FileSystem | None = None
    volume_id: str = ""
    source: str = ""
    quiet: bool = False
    base: tuple[str, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "state": lambda s: (s.state,),
        "content": lambda s: s.file_system.layers if s.file_system else (),
    }


class MachineImage(Noun, frozen=True, kw_only=True):
    """An AMI; `size` is its root volume's in GiB, `created` in seconds since 1970."""

    image_name: str
    description: str = ""
    architecture: str = "x86_64"
    root_device: str = "/dev/xvda"
    snapshot_id: str
    size: int
    volume_type: str = "gp3"
    delete_on_termination: bool = True
    created: float
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    imds_support: str | None = None
    boot_mode: str | None = None
    source_instance: str = ""
    source_image: str = ""
    source_region: str = ""

    INDEXES: ClassVar[dict[str, Index]] = {
        "name": lambda i: ((*i.scope, i.image_name),),
        "snapshot-id": lambda i: (i.snapshot_id,),
    }
