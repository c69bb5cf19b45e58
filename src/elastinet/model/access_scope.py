"""Access scopes of Network Access Analyzer: paths to look for, and the analyses that do."""

from typing import ClassVar, Literal

from elastinet.model.insights import PathComponent, Shown
from elastinet.model.noun import Index, Noun

FINDINGS_A_PAGE = 100
"""So many findings of an analysis are packed together."""


class PacketHeaderStatement(Shown, frozen=True):
    """What packets have at one end of a path, as the request wrote it."""

    source_addresses: tuple[str, ...] = ()
    destination_addresses: tuple[str, ...] = ()
    source_ports: tuple[str, ...] = ()
    destination_ports: tuple[str, ...] = ()
    source_prefix_lists: tuple[str, ...] = ()
    destination_prefix_lists: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()


class ResourceStatement(Shown, frozen=True):
    """Resources, by ids or ARNs, or by their types."""

    resources: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()


class PathStatement(Shown, frozen=True):
    """One end of paths."""

    packet_header_statement: PacketHeaderStatement | None = None
    resource_statement: ResourceStatement | None = None


class ThroughStatement(Shown, frozen=True):
    """What paths pass."""

    resource_statement: ResourceStatement


class AccessScopePath(Shown, frozen=True):
    """Paths from one end to another; those that are excluded may be told by what they pass, too."""

    source: PathStatement | None = None
    destination: PathStatement | None = None
    through_resources: tuple[ThroughStatement, ...] = ()


class AccessScope(Noun, frozen=True, kw_only=True):
    """Paths to look for, and those among them that are as they should be; in seconds since 1970."""

    match_paths: tuple[AccessScopePath, ...]
    exclude_paths: tuple[AccessScopePath, ...] = ()
    create_time: float

    INDEXES: ClassVar[dict[str, Index]] = {}


class AccessScopeAnalysis(Noun, frozen=True, kw_only=True):
    """One look for the paths of a scope; times are in seconds since 1970.

    `pages` are its findings, packed a hundred at a time: they may be thousands, are seldom read and never
    change. `message` says why one failed.
    """

    scope_id: str
    start_time: float
    end_time: float | None = None
    status: Literal["running", "succeeded", "failed"] = "running"
    message: str = ""
    warning: str = ""
    interfaces: int = 0
    count: int = 0
    pages: tuple[bytes, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "scope-id": lambda a: (a.scope_id,),
        "status": lambda a: (a.status,),
    }


Finding = tuple[PathComponent, ...]
"""The components of a path that a scope matches."""
