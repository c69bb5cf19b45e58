"""What an access scope asks: its statements as ends, addresses and ports of the region as it is now."""

from collections.abc import Iterable, Iterator

from elastinet.catalog.protocols import TCP, UDP
from elastinet.ec2.insights.resources import named_id
from elastinet.ec2.insights.scope_content import ports
from elastinet.model.access_scope import (
    AccessScopePath,
    PacketHeaderStatement,
    PathStatement,
    ResourceStatement,
)
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.ids import prefix_of
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.prefix_lists import blocks
from elastinet.rules.ranges import Ranges, joined, of_blocks
from elastinet.rules.scopes.pairs import Ends
from elastinet.rules.scopes.statements import ScopePath, Side

Scope = tuple[str, str]
NUMBERS = {"tcp": TCP, "udp": UDP}
NOT_ENDS = ("natGateway", "vpc_endpoint")
"""Types of interfaces where no path begins or ends."""
BY_INDEX = {"sg": "group-id", "subnet": "subnet-id", "vpc": "vpc-id"}
"""The index of interfaces by what they are in, by the prefix of its ids."""
TYPES: dict[str, type[Noun]] = {
    "AWS::EC2::InternetGateway": InternetGateway,
    "AWS::EC2::NatGateway": NatGateway,
    "AWS::EC2::NetworkInterface": NetworkInterface,
    "AWS::EC2::VPCEndpoint": VpcEndpoint,
    "AWS::EC2::VPCPeeringConnection": Peering,
}
"""The types of resources that there are here."""


def ends_of(state: State, scope: Scope) -> Ends:
    """The ends that paths of an account's region may have."""
    interfaces = state.where(NetworkInterface, "scope", scope)
    gateways = state.where(InternetGateway, "scope", scope)
    peerings = state.where(Peering, "scope", scope)
    return Ends(
        frozenset(one.id for one in interfaces if one.interface_type not in NOT_ENDS),
        frozenset(one.id for one in gateways if one.vpc_id),
        frozenset(one.id for one in peerings if one.status == "active"),
    )


def asked(state: State, scope: Scope, path: AccessScopePath) -> ScopePath:
    """One path of a scope."""
    through = (_ids(state, scope, one.resource_statement) for one in path.through_resources)
    return ScopePath(_side(state, scope, path.source), _side(state, scope, path.destination), tuple(through))


def _side(state: State, scope: Scope, given: PathStatement | None) -> Side:
    if given is None:
        return Side()
    resources, header = given.resource_statement, given.packet_header_statement
    ends = _ids(state, scope, resources) if resources else None
    if header is None:
        return Side(ends)
    protocols = frozenset(NUMBERS[name] for name in header.protocols)
    return Side(ends, dict(_fields(state, header)), protocols or None)


def _fields(state: State, header: PacketHeaderStatement) -> Iterator[tuple[str, Ranges]]:
    for name, given, lists in (
        ("source", header.source_addresses, header.source_prefix_lists),
        ("destination", header.destination_addresses, header.destination_prefix_lists),
    ):
        if given or lists:
            listed = (block for id in lists if state.get(PrefixList, id) for block in blocks(state, id))
            yield name, of_blocks((*given, *listed), 4)
    for name, texts in (("sport", header.source_ports), ("dport", header.destination_ports)):
        if texts:
            yield name, joined(filter(None, map(ports, texts)))


def _ids(state: State, scope: Scope, given: ResourceStatement) -> frozenset[str]:
    named = (id for text in given.resources for id in _of_resource(state, scope, named_id(text)))
    kinds = (TYPES[kind] for kind in given.resource_types if kind in TYPES)
    return frozenset((*named, *(noun.id for kind in kinds for noun in state.where(kind, "scope", scope))))


def _of_resource(state: State, scope: Scope, id: str) -> Iterable[str]:
    """The ends that are a resource, or are in it."""
    prefix = prefix_of(id)
    if prefix == "i":
        return [interface.id for interface in interfaces_of(state, id)]
    if prefix in BY_INDEX:
        found = state.where(NetworkInterface, BY_INDEX[prefix], id)
        return [interface.id for interface in found if interface.scope == scope]
    return [id]
