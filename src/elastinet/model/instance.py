"""Instances, and the key pairs they are launched with."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.image import FileSystem
from elastinet.model.noun import Index, Noun

InstanceState = Literal["pending", "running", "shutting-down", "terminated", "stopping", "stopped"]
BandwidthWeighting = Literal["default", "vpc-1", "ebs-1"]
"""A bandwidth weighting: vpc-1 gives the network more at the expense of EBS volumes, ebs-1 the reverse."""
CODES: dict[InstanceState, int] = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}


class MetadataOptions(msgspec.Struct, frozen=True):
    """The metadata options of an instance: how the metadata service (IMDS) answers it."""

    http_tokens: str = "optional"
    http_endpoint: str = "enabled"
    hop_limit: int = 1
    instance_tags: str = "disabled"
    http_protocol_ipv6: str = "disabled"


class Instance(Noun, frozen=True, kw_only=True):
    """A virtual machine; its addresses are those of its interfaces.

    `boot` counts starts and reboots. `host` is its host's number in the zone, None without a machine;
    `placement_group` and `dedicated_host` are ids; `host_failure` is what its host lost: power or network.
    `ena_support` and `sriov_net_support` ("simple" or None) say which network drivers its image brings,
    `platform` ("windows" or None for Linux) which system it is said to be.
    `file_system` is its image's, which may be deregistered since; None is this machine's own userland.
    Times are in seconds since 1970. `user_data` is base64.
    """

    reservation_id: str
    launch_index: int
    image_id: str
    instance_type: str
    state: InstanceState
    state_reason: tuple[str, str] | None = None
    transition_reason: str = ""
    boot: int = 1
    vpc_id: str
    subnet_id: str
    zone: str
    private_ip: str
    key_name: str | None = None
    public_key: str = ""
    """The public half of its key pair at launch, which may be deleted since."""
    user_data: str = ""
    client_token: str = ""
    launch_time: float
    create_time: float = 0.0
    """When it was launched the first time; 0 in journals that do not tell."""
    end_time: float | None = None
    tenancy: str = "default"
    host: int | None = None
    placement_group: str | None = None
    partition: int | None = None
    dedicated_host: str | None = None
    affinity: str = "default"
    host_failure: str | None = msgspec.field(default=None, name="lacks")
    host_failure_since: float | None = msgspec.field(default=None, name="lacks_since")
    """Both by the names that journals have them by."""
    ena_support: bool = True
    sriov_net_support: str | None = "simple"
    platform: str | None = None
    file_system: FileSystem | None = None
    bandwidth_weighting: BandwidthWeighting = "default"
    is_forced: bool = False
    """Its end, which is on the way, gives its programs no time."""
    monitoring: bool = False
    ebs_optimized: bool = False
    hibernation: bool = False
    api_termination_disabled: bool = False
    api_stop_disabled: bool = False
    shutdown_behavior: str = "stop"
    profile_arn: str | None = None
    profile_association: str | None = None
    credit_specification: str | None = None
    cpu_options: tuple[int, int] | None = None
    amd_sev_snp: str | None = None
    nested_virtualization: str | None = None
    auto_recovery: str = "default"
    capacity_reservation_preference: str = "open"
    hostname_type: str = "ip-name"
    resource_name_a_record: bool = False
    resource_name_aaaa_record: bool = False
    metadata: MetadataOptions = MetadataOptions()

    INDEXES: ClassVar[dict[str, Index]] = {
        "reservation-id": lambda i: (i.reservation_id,),
        "vpc-id": lambda i: (i.vpc_id,),
        "subnet-id": lambda i: (i.subnet_id,),
        "instance-state-name": lambda i: (i.state,),
        "image-id": lambda i: (i.image_id,),
        "placement-group": lambda i: (i.placement_group,) if i.placement_group else (),
        "dedicated-host": lambda i: (i.dedicated_host,) if i.dedicated_host else (),
        "host": lambda i: ((i.zone, i.host),) if i.host is not None else (),
        "private-ip-address": lambda i: (i.private_ip,) if i.private_ip else (),
        "client-token": lambda i: (i.client_token,) if i.client_token else (),
        "profile-association": lambda i: (i.profile_association,) if i.profile_association else (),
    }

    @property
    def alive(self) -> bool:
        """True if the instance is pending or running."""
        return self.state in ("pending", "running")

    @property
    def powered(self) -> bool:
        """True if the instance is pending or running, or shuts down in good order, and its host has power."""
        return (self.alive or self.shuts_down) and self.host_failure != "power"

    @property
    def shuts_down(self) -> bool:
        """True if the instance is on its way to an end for which its programs have time."""
        return self.state in ("stopping", "shutting-down") and not self.is_forced


class KeyPair(Noun, frozen=True, kw_only=True):
    """The public half of an ssh key."""

    key_name: str
    key_type: str
    fingerprint: str
    public_key: str
    create_time: float

    INDEXES: ClassVar[dict[str, Index]] = {"name": lambda k: ((*k.scope, k.key_name),)}
