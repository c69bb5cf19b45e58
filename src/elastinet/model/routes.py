"""Route tables, their routes and their associations."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

TargetKind = Literal["local", "gateway", "interface", "nat", "peering", "egress", "foreign"]
"""A foreign target is a thing without a noun here, or one that a dump does not hold."""


class Route(msgspec.Struct, frozen=True):
    """A route: packets to a destination (a CIDR or a prefix list id) go to `target`, an id of kind `kind`."""

    destination: str
    kind: TargetKind
    target: str
    origin: str = "CreateRoute"

    @property
    def is_implied(self) -> bool:
        """True for a route that came with the table, for a block of the VPC; its target may be replaced."""
        return self.origin == "CreateRouteTable"


class Association(msgspec.Struct, frozen=True):
    """A subnet's or a gateway's choice of a route table, or (without either) the VPC's main table."""

    id: str
    subnet_id: str | None
    gateway_id: str | None = None

    @property
    def is_main(self) -> bool:
        """True if the association makes its table the VPC's main one."""
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
        """True if this is the VPC's main table, for subnets without an association."""
        return any(a.is_main for a in self.associations)

    @property
    def is_edge(self) -> bool:
        """True if the table is a gateway's, which routes packets that enter the VPC by it."""
        return any(a.gateway_id for a in self.associations)
