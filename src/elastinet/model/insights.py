"""Reachability Analyzer: paths to analyse, and the analyses with what they found.

The result of an analysis is as the API shows it, member by member, for it speaks of then: a name or a rule
that has changed since stays in it as it was.
"""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

Protocol = Literal["tcp", "udp"]


class Shown(msgspec.Struct, frozen=True, omit_defaults=True, rename="pascal"):
    """A structure of the API, with its members; what is not said is left out."""


class PortRange(Shown, frozen=True):
    """Ports of a header or a rule."""

    from_: int = msgspec.field(name="From")
    to: int


class FilterPortRange(Shown, frozen=True):
    """Ports of a path's filter."""

    from_port: int
    to_port: int


class PathFilter(Shown, frozen=True):
    """What a packet must have at one end of a path."""

    source_address: str = ""
    source_port_range: FilterPortRange | None = None
    destination_address: str = ""
    destination_port_range: FilterPortRange | None = None


class InsightsPath(Noun, frozen=True, kw_only=True):
    """A question that can be asked again: source and destination are ids or ARNs, as they were given.

    `create_time` is in seconds since 1970.
    """

    source: str
    destination: str = ""
    source_arn: str
    destination_arn: str = ""
    source_ip: str = ""
    destination_ip: str = ""
    protocol: Protocol
    destination_port: int | None = None
    filter_at_source: PathFilter | None = None
    filter_at_destination: PathFilter | None = None
    create_time: float

    INDEXES: ClassVar[dict[str, Index]] = {}


# --- what an analysis found -----------------------------------------------------------------------


class Component(Shown, frozen=True):
    """A resource, by its id, and by its name if it had one."""

    id: str
    arn: str = ""
    name: str = ""


class PacketHeader(Shown, frozen=True):
    """Headers: blocks of addresses, in the order of their text, and ranges of ports."""

    protocol: str = ""
    source_addresses: tuple[str, ...] = ()
    source_port_ranges: tuple[PortRange, ...] = ()
    destination_addresses: tuple[str, ...] = ()
    destination_port_ranges: tuple[PortRange, ...] = ()


class ShownAclRule(Shown, frozen=True):
    """The rule of a network ACL that decided."""

    cidr: str
    egress: bool
    protocol: str
    rule_action: str
    rule_number: int
    port_range: PortRange | None = None


class ShownGroupRule(Shown, frozen=True):
    """The rule of a security group that let through."""

    direction: str
    protocol: str
    port_range: PortRange | None = None
    cidr: str = ""
    security_group_id: str = ""
    prefix_list_id: str = ""


class ShownRoute(Shown, frozen=True):
    """The route that packets went by, or would."""

    origin: str
    state: str
    destination_cidr: str = ""
    destination_prefix_list_id: str = ""
    egress_only_internet_gateway_id: str = ""
    gateway_id: str = ""
    nat_gateway_id: str = ""
    network_interface_id: str = ""
    vpc_peering_connection_id: str = ""


class Explanation(Shown, frozen=True):
    """What must change for the path to be one, by its code."""

    explanation_code: str
    acl: Component | None = None
    acl_rule: ShownAclRule | None = None
    address: str = ""
    addresses: tuple[str, ...] = ()
    attached_to: Component | None = None
    component: Component | None = None
    component_account: str = ""
    component_region: str = ""
    destination: Component | None = None
    destination_vpc: Component | None = None
    direction: str = ""
    internet_gateway: Component | None = None
    missing_component: str = ""
    nat_gateway: Component | None = None
    network_interface: Component | None = None
    packet_field: str = ""
    port_ranges: tuple[PortRange, ...] = ()
    protocols: tuple[str, ...] = ()
    route_table: Component | None = None
    route_table_route: ShownRoute | None = None
    security_groups: tuple[Component, ...] = ()
    source_vpc: Component | None = None
    state: str = ""
    subnet: Component | None = None
    vpc: Component | None = None
    vpc_endpoint: Component | None = None
    vpc_peering_connection: Component | None = None


class PathComponent(Shown, frozen=True):
    """A component of a path, and what it did to the headers."""

    component: Component
    sequence_number: int = 0
    acl_rule: ShownAclRule | None = None
    attached_to: Component | None = None
    source_vpc: Component | None = None
    destination_vpc: Component | None = None
    inbound_header: PacketHeader | None = None
    outbound_header: PacketHeader | None = None
    route_table_route: ShownRoute | None = None
    security_group_rule: ShownGroupRule | None = None
    subnet: Component | None = None
    vpc: Component | None = None
    explanations: tuple[Explanation, ...] = ()


class AlternateHint(Shown, frozen=True):
    """A component that another path goes by."""

    component_id: str
    component_arn: str


class InsightsAnalysis(Noun, frozen=True, kw_only=True):
    """An analysis of a path, and what it found when it was started; times are in seconds since 1970."""

    path_id: str
    start_time: float
    found: bool
    forward: tuple[PathComponent, ...] = ()
    back: tuple[PathComponent, ...] = ()
    explanations: tuple[Explanation, ...] = ()
    hints: tuple[AlternateHint, ...] = ()
    warning: str = ""
    suggested_accounts: tuple[str, ...] = ()
    additional_accounts: tuple[str, ...] = ()
    filter_in: tuple[str, ...] = ()
    filter_out: tuple[str, ...] = ()

    INDEXES: ClassVar[dict[str, Index]] = {"path-id": lambda a: (a.path_id,)}
