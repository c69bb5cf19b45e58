"""Route tables, their routes and their associations."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

TargetKind = Literal["local", "gateway", "interface", "nat", "peering"]


class Route(msgspec.Struct, frozen=True):
    """Where packets to a destination (a CIDR or a prefix list) go; `target` is the id that `kind` says."""

    destination: str
    kind: TargetKind
    target: str
    origin: str = "CreateRoute"


class Association(msgspec.Struct, frozen=True):
    """A subnet's choice of a route table, or (without a subnet) the VPC's main table."""

    id: str
    subnet_id: str | None


class RouteTable(Noun, frozen=True, kw_only=True):
    """A VPC's route table; the local routes come first."""

    vpc_id: str
    routes: tuple[Route, ...] = ()
    associations: tuple[Association, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda t: (t.vpc_id,),
        "association": lambda t: [a.id for a in t.associations],
        "association.subnet-id": lambda t: [a.subnet_id for a in t.associations if a.subnet_id],
        "prefix-list": lambda t: {r.destination for r in t.routes if r.destination.startswith("pl-")},
        "target": lambda t: {r.target for r in t.routes if r.kind != "local"},
    }

    @property
    def is_main(self) -> bool:
        """Whether subnets without a table of their own use this one."""
        return any(a.subnet_id is None for a in self.associations)
