"""Route tables, their routes and their associations."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

TargetKind = Literal["local", "gateway", "interface", "nat", "peering", "egress"]


class Route(msgspec.Struct, frozen=True):
    """Where packets to a destination (a CIDR or a prefix list) go; `target` is the id that `kind` says."""

    destination: str
    kind: TargetKind
    target: str
    origin: str = "CreateRoute"

    @property
    def is_implied(self) -> bool:
        """Whether it came with the table, for a block of the VPC; its target need not be local for ever."""
        return self.origin == "CreateRouteTable"


class Association(msgspec.Struct, frozen=True):
    """A subnet's or a gateway's choice of a route table, or (without either) the VPC's main table."""

    id: str
    subnet_id: str | None
    gateway_id: str | None = None

    @property
    def is_main(self) -> bool:
        """Whether it makes the table the main one."""
        return self.subnet_id is None and self.gateway_id is None


class RouteTable(Noun, frozen=True, kw_only=True):
    """A VPC's route table; the local routes come first."""

    vpc_id: str
    routes: tuple[Route, ...] = ()
    associations: tuple[Association, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda t: (t.vpc_id,),
        "association": lambda t: [a.id for a in t.associations],
        "association.subnet-id": lambda t: [a.subnet_id for a in t.associations if a.subnet_id],
        "association.gateway-id": lambda t: [a.gateway_id for a in t.associations if a.gateway_id],
        "prefix-list": lambda t: {r.destination for r in t.routes if r.destination.startswith("pl-")},
        "target": lambda t: {r.target for r in t.routes if r.kind != "local"},
    }

    @property
    def is_main(self) -> bool:
        """Whether subnets without a table of their own use this one."""
        return any(a.is_main for a in self.associations)

    @property
    def is_edge(self) -> bool:
        """Whether a gateway sends by this table what comes in from outside."""
        return any(a.gateway_id for a in self.associations)
