"""VPC endpoints."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

EndpointKind = Literal["Gateway", "Interface"]
IpAddressType = Literal["ipv4", "dualstack", "ipv6"]
RecordIpType = Literal["ipv4", "dualstack", "ipv6", "service-defined"]


class EndpointSubnet(msgspec.Struct, frozen=True):
    """A subnet that an interface endpoint is in, with the interface that it has there."""

    id: str
    interface: str


class VpcEndpoint(Noun, frozen=True, kw_only=True):
    """An endpoint of a service in a VPC; `policy` is a JSON document, `create_time` in seconds since 1970.

    A gateway endpoint is a route to the service's prefix list in each of its route tables. One of interfaces
    has one in each of its subnets, and names of its own, which have `label` after its id. While it is
    deleting, its last interfaces are still there.
    """

    vpc_id: str
    service_name: str
    kind: EndpointKind = "Gateway"
    state: Literal["available", "deleting"] = "available"
    prefix_list: str = ""
    policy: str
    route_tables: tuple[str, ...] = ()
    subnets: tuple[EndpointSubnet, ...] = ()
    groups: tuple[str, ...] = ()
    label: str = ""
    ip_address_type: IpAddressType = "ipv4"
    private_dns: bool = False
    record_ip_type: RecordIpType = "ipv4"
    only_inbound: bool = False
    """True if private DNS is not for the VPC itself, but for those who ask through an inbound endpoint."""
    create_time: float

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda e: (e.vpc_id,),
        "service-name": lambda e: (e.service_name,),
        "route-table": lambda e: e.route_tables,
    }
