"""VPC endpoints."""

from typing import ClassVar

from elastinet.model.noun import Index, Noun


class VpcEndpoint(Noun, frozen=True, kw_only=True):
    """A gateway endpoint: a route to a service's prefix list in each of its route tables.

    `policy` is a JSON document, `create_time` in seconds since 1970.
    """

    vpc_id: str
    service_name: str
    prefix_list: str
    policy: str
    route_tables: tuple[str, ...] = ()
    create_time: float

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda e: (e.vpc_id,),
        "service-name": lambda e: (e.service_name,),
        "route-table": lambda e: e.route_tables,
    }
