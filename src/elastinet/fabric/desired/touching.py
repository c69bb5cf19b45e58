"""Keys of the objects that a change may alter: to build these anew gives the same as to build all.

The graph says which kinds of objects a noun alters; here is how their ids are found, one way for each edge.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from elastinet.fabric.contract.keys import Key, ObjectKind
from elastinet.fabric.contract.nouns import NO_PACKET_CAN_TELL, THROUGH, altered_by
from elastinet.fabric.desired import limits
from elastinet.fabric.desired.desired import Desired, appliance_of, groups_elsewhere, mapped_to
from elastinet.model.acl import NetworkAcl
from elastinet.model.change import Change
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import KINDS, State
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.efa.efa import is_efa
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.prefix_lists import referring_groups, referring_tables
from elastinet.rules.presence import has_network


class Touch(NamedTuple):
    """A change, the state after it, and what was desired before it."""

    state: State
    change: Change
    have: Desired


Ids = Iterable[str | None]
Find = Callable[[Touch, Any], Ids]
"""Gives the ids of the objects of one kind that a noun, as it was or is, may alter; None stands for none."""
Reach = Callable[[Touch, Any], Iterable[Noun]]
"""Gives the nouns whose change is what a change of this one comes to."""


def touched(state: State, change: Change, have: Desired) -> Iterator[Key]:
    """The keys of the objects that a change may have altered; `have` is what was desired before it."""
    if change.kind in NO_PACKET_CAN_TELL:
        return
    if change.old and change.new and _as_packets_tell(change.old) == _as_packets_tell(change.new):
        return
    at = Touch(state, change, have)
    for noun in (change.old, change.new):
        if noun is not None:
            yield from _altered(at, noun)


def _as_packets_tell(noun: Noun) -> Noun:
    """A noun without its tags, and as if it were already where it is on its way to."""
    if isinstance(noun, Instance) and noun.alive:
        return noun.but(tags=(), state="running", state_reason=None)
    if isinstance(noun, NetworkInterface) and noun.attachment and noun.attachment.status == "attaching":
        return noun.but(tags=(), attachment=replace(noun.attachment, status="attached"))
    return noun.but(tags=())


def _altered(at: Touch, noun: Noun) -> Iterator[Key]:
    if isinstance(noun, NetworkInterface) and not _is_somewhere(at, noun):
        return
    for kind, find in _FINDS[type(noun)]:
        for id in find(at, noun):
            if id:
                yield Key(kind, id)
    for reach in _REACHES[type(noun)]:
        for other in reach(at, noun):
            yield from _altered(at, other)


def _is_somewhere(at: Touch, interface: NetworkInterface) -> bool:
    """True if an interface is or was in an instance; of another no packet can tell."""
    return interface.attachment is not None or Key("interface", interface.id) in at.have


# --- what many nouns have in common ---------------------------------------------------------------


def _itself(at: Touch, noun: Noun) -> Ids:
    yield noun.id


def _its_network(at: Touch, noun: Subnet | EgressOnlyGateway | VpcEndpoint) -> Ids:
    yield noun.vpc_id


def _found(kind: type[Noun], index: str) -> Find:
    """Find the nouns of a kind that an index has under the noun's id."""
    return lambda at, noun: (other.id for other in at.state.where(kind, index, noun.id))


_routes_to = _found(RouteTable, "target")
_interfaces_in_vpc = _found(NetworkInterface, "attachment.vpc-id")
_groups_in_vpc = _found(SecurityGroup, "vpc-id")


# --- by noun: what it is read for, itself before and after the change ------------------------------


def _near_instance(at: Touch, instance: Instance) -> Ids:
    yield instance.placement_group


def _interfaces_by_power(at: Touch, instance: Instance) -> Iterator[NetworkInterface]:
    """The interfaces of an instance that has got or lost its power or its link."""
    before, after = (
        (one.powered, one.host_failure) if isinstance(one, Instance) else (False, None)
        for one in (at.change.old, at.change.new)
    )
    if before != after:
        yield from interfaces_of(at.state, instance.id)


def _holder(at: Touch, interface: NetworkInterface) -> Ids:
    yield interface.attachment.instance_id if interface.attachment else None


def _groups_of_interface(at: Touch, interface: NetworkInterface) -> Ids:
    return interface.groups


def _groups_about_interface(at: Touch, interface: NetworkInterface) -> Ids:
    for group in interface.groups:
        yield from groups_elsewhere(at.state, group)


def _appliance_of_interface(at: Touch, interface: NetworkInterface) -> Ids:
    return appliance_of(interface)


def _mappings_of_interface(at: Touch, interface: NetworkInterface) -> Ids:
    return mapped_to(at.state, interface)


def _near_interface(at: Touch, interface: NetworkInterface) -> Ids:
    if interface.attachment is None:
        return
    instance = at.state.get(Instance, interface.attachment.instance_id)
    yield instance.placement_group if instance else None
    yield from limits.express_ids(at.state, interface)


def _network_by_presence(at: Touch, interface: NetworkInterface) -> Iterator[Vpc]:
    """The VPC of an interface that is the first of its network, or was the last."""
    if (Key("network", interface.vpc_id) in at.have) != has_network(at.state, interface.vpc_id):
        vpc = at.state.get(Vpc, interface.vpc_id)
        yield from (vpc,) if vpc else ()


def _public_ip(at: Touch, address: Address) -> Ids:
    yield address.public_ip


def _interface_of_address(at: Touch, address: Address) -> Ids:
    yield address.interface_id


def _group_of_rule(at: Touch, rule: SecurityGroupRule) -> Ids:
    yield rule.group_id


def _peer_of_rule(at: Touch, rule: SecurityGroupRule) -> Ids:
    yield rule.peer_group


def _efas_of_rule(at: Touch, rule: SecurityGroupRule) -> Ids:
    """The guests whose EFAs a group's rule about itself lets past the kernel."""
    if rule.peer_group == rule.group_id:
        efas = (i for i in at.state.where(NetworkInterface, "group-id", rule.group_id) if is_efa(i))
        yield from (i.attachment.instance_id for i in efas if i.attachment)


def _has_moved(at: Touch) -> bool:
    """True if a route table's associations are not what they were."""
    before, after = (
        one.associations if isinstance(one, RouteTable) else () for one in (at.change.old, at.change.new)
    )
    return before != after


def _network_of_table(at: Touch, table: RouteTable) -> Ids:
    yield table.vpc_id if _has_moved(at) else None


def _interfaces_of_table(at: Touch, table: RouteTable) -> Ids:
    if _has_moved(at):
        for interface in at.state.where(NetworkInterface, "attachment.vpc-id", table.vpc_id):
            yield interface.id


def _groups_over_peering(at: Touch, peering: Peering) -> Ids:
    for side in (peering.requester, peering.accepter):
        for group in at.state.where(SecurityGroup, "vpc-id", side.vpc_id):
            yield from groups_elsewhere(at.state, group.id)


def _near_over_peering(at: Touch, peering: Peering) -> Ids:
    """ENA Express's near addresses that a peering connection may alter."""
    sides = (peering.requester.vpc_id, peering.accepter.vpc_id)
    for vpc_id in sides:
        for interface in at.state.where(NetworkInterface, "attachment.vpc-id", vpc_id):
            yield from limits.express_ids(at.state, interface, sides)


def _nat_gateways_of_table(at: Touch, table: RouteTable) -> Ids:
    """The NAT gateways that a table sends to: one translates if it is sent anything to translate."""
    return (route.target for route in table.routes if route.kind == "nat")


def _groups_of_list(at: Touch, prefix_list: PrefixList) -> Ids:
    return referring_groups(at.state, prefix_list.id)


def _tables_of_list(at: Touch, prefix_list: PrefixList) -> Ids:
    return (table.id for table in referring_tables(at.state, prefix_list.id))


def _interfaces_of_service(at: Touch, service: NatGateway | VpcEndpoint) -> Iterable[NetworkInterface]:
    return interfaces_of(at.state, service.id)


def _interfaces_of_acl(at: Touch, acl: NetworkAcl) -> Ids:
    before, after = (
        one.associations if isinstance(one, NetworkAcl) else () for one in (at.change.old, at.change.new)
    )
    for association in {*before} ^ {*after}:
        for interface in at.state.where(NetworkInterface, "subnet-id", association.subnet_id):
            yield interface.id


def _interfaces_of_subnet(at: Touch, subnet: Subnet) -> Ids:
    """Interfaces know the IPv6 block of their subnet, which may come and go, and whether it has DNS64."""
    before, after = (
        (one.cidr6, one.dns64) if isinstance(one, Subnet) else ("", False)
        for one in (at.change.old, at.change.new)
    )
    if before != after:
        for interface in at.state.where(NetworkInterface, "subnet-id", subnet.id):
            yield interface.id


def _tables_of_subnet(at: Touch, subnet: Subnet) -> Ids:
    """And so do the routes to them."""
    for interface in _interfaces_of_subnet(at, subnet):
        yield from (table.id for table in at.state.where(RouteTable, "target", interface))


def _network_of_gateway(at: Touch, gateway: InternetGateway) -> Ids:
    yield gateway.vpc_id


def _vpc_of_gateway(at: Touch, gateway: InternetGateway) -> Iterator[Vpc]:
    vpc = at.state.get(Vpc, gateway.vpc_id or "")
    yield from (vpc,) if vpc else ()


def _mappings_at_gateway(at: Touch, gateway: InternetGateway) -> Ids:
    for interface in at.state.where(NetworkInterface, "attachment.vpc-id", gateway.vpc_id):
        yield from mapped_to(at.state, interface)


def _instance_of_volume(at: Touch, volume: Volume) -> Ids:
    yield from (one.instance_id for one in volume.attachments)


FINDERS: dict[type[Noun], dict[ObjectKind, Find]] = {
    Instance: {"guest": _itself, "bandwidth": _itself, "near": _near_instance},
    NetworkInterface: {
        "interface": _itself,
        "members": _groups_of_interface,
        "group": _groups_about_interface,
        "mapping": _mappings_of_interface,
        "appliance": _appliance_of_interface,
        "table": _routes_to,
        "guest": _holder,
        "bandwidth": _holder,
        "near": _near_interface,
    },
    Address: {"mapping": _public_ip, "interface": _interface_of_address},
    SecurityGroup: {"group": _itself, "members": _itself},
    SecurityGroupRule: {"group": _group_of_rule, "members": _peer_of_rule, "guest": _efas_of_rule},
    RouteTable: {
        "table": _itself,
        "network": _network_of_table,
        "interface": _interfaces_of_table,
        "appliance": _nat_gateways_of_table,
    },
    Peering: {
        "peering": _itself,
        "group": _groups_over_peering,
        "near": _near_over_peering,
        "table": _routes_to,
    },
    PrefixList: {"group": _groups_of_list, "table": _tables_of_list},
    NatGateway: {"appliance": _itself, "table": _routes_to},
    NetworkAcl: {"acl": _itself, "interface": _interfaces_of_acl},
    Subnet: {"network": _its_network, "interface": _interfaces_of_subnet, "table": _tables_of_subnet},
    EgressOnlyGateway: {"network": _its_network, "table": _routes_to},
    Vpc: {
        "network": _itself,
        "table": _found(RouteTable, "vpc-id"),
        "peering": _found(Peering, "vpc-id"),
        "acl": _found(NetworkAcl, "vpc-id"),
        "appliance": _found(NatGateway, "vpc-id"),
        "group": _groups_in_vpc,
        "members": _groups_in_vpc,
        "interface": _interfaces_in_vpc,
    },
    InternetGateway: {"network": _network_of_gateway, "mapping": _mappings_at_gateway},
    Volume: {"guest": _instance_of_volume},
    VpcEndpoint: {"network": _its_network},
}
REACHES: dict[type[Noun], dict[type[Noun], Reach]] = {
    Instance: {NetworkInterface: _interfaces_by_power},
    NatGateway: {NetworkInterface: _interfaces_of_service},
    VpcEndpoint: {NetworkInterface: _interfaces_of_service},
    InternetGateway: {Vpc: _vpc_of_gateway},
    NetworkInterface: {Vpc: _network_by_presence},
}


def check_found(nouns: Iterable[type[Noun]]) -> None:
    """Look that every edge of the graph has its way to be found, and no other; raises TypeError."""
    for noun in nouns:
        edges = {*altered_by(noun), *THROUGH.get(noun, ())}
        if odd := edges ^ {*FINDERS.get(noun, ()), *REACHES.get(noun, ())}:
            told = ", ".join(sorted(getattr(one, "__name__", str(one)) for one in odd))
            raise TypeError(f"say in {__name__} how a {noun.__name__} leads to {told}, as the graph does")


check_found(KINDS)
_FINDS = {noun: tuple((kind, FINDERS[noun][kind]) for kind in altered_by(noun)) for noun in FINDERS}
_REACHES = {noun: tuple(REACHES.get(noun, {}).values()) for noun in FINDERS}
