"""Placement of instances: placement groups, Dedicated Hosts, and failed units of the plant."""

from typing import ClassVar, Literal

from elastinet.model.noun import Index, Noun

Strategy = Literal["cluster", "spread", "partition"]
FailureKind = Literal["power", "network"]


class PlacementGroup(Noun, frozen=True, kw_only=True):
    """A placement group: places its instances close together (cluster) or apart (spread, partition)."""

    group_name: str
    strategy: Strategy
    partition_count: int | None = None
    spread_level: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {"name": lambda g: ((*g.scope, g.group_name),)}


class DedicatedHost(Noun, frozen=True, kw_only=True):
    """A host of a zone, by its number there, that an account has for itself.

    It is for one instance type, or (with an empty `instance_type`) for all of a family.
    """

    zone: str
    host: int
    family: str
    instance_type: str = ""
    auto_placement: bool = True
    recovery: bool = False
    maintenance: bool = False
    allocation_time: float
    release_time: float | None = None

    INDEXES: ClassVar[dict[str, Index]] = {"zone": lambda h: (h.zone,)}


class Failure(Noun, frozen=True, kw_only=True):
    """A unit of the plant that has failed, by its name, which is also the id; of no account in particular."""

    kind: FailureKind
    zone: str
    since: float

    INDEXES: ClassVar[dict[str, Index]] = {"zone": lambda f: (f.zone,)}
