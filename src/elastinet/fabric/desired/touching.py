"""Keys of the objects that a change may alter: to build these anew gives the same as to build all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from elastinet.fabric.desired import limits
from elastinet.fabric.desired.desired import Desired, groups_elsewhere, of_interface, of_vpc
from elastinet.model.account import ClientToken, RegionSettings
from elastinet.model.acl import NetworkAcl
from elastinet.model.change import Change
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import DedicatedHost, Failure, PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import KINDS, State
from elastinet.model.transfer import AddressTransfer
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.efa.efa import is_efa
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.peerings import peers
from elastinet.rules.prefix_lists import referring_groups, referring_tables
from elastinet.rules.presence import has_network


def touched(state: State, change: Change, have: Desired) -> Iterator[str]:
    """The keys of the objects that a change may have altered; `have` is what was desired before it."""
    if change.kind in NO_PACKET_CAN_TELL:
        return
    if change.old and change.new and change.old.but(tags=change.new.tags) == change.new:
        return  # no packet can tell a tag
    for noun in (change.old, change.new):
        if noun is not None:
            yield from _TOUCHED[change.kind](state, change, noun, have)


# --- by noun: what it is read for, itself before and after the change ------------------------------


def _touched_instance(state: State, change: Change, noun: Instance, have: Desired) -> Iterator[str]:
    yield f"guest:{noun.id}"
    yield f"bandwidth:{noun.id}"
    if noun.placement_group:
        yield f"near:{noun.placement_group}"
    before, after = (
        (one.powered, one.host_failure) if isinstance(one, Instance) else (False, None)
        for one in (change.old, change.new)
    )
    if before != after:
        for interface in interfaces_of(state, noun.id):
            yield from _touched_interface(state, interface, have)


def _touched_memories(state: State, rule: SecurityGroupRule) -> Iterator[str]:
    """The guests whose EFAs a group's rule about itself lets past the kernel."""
    if rule.peer_group == rule.group_id:
        efas = (i for i in state.where(NetworkInterface, "group-id", rule.group_id) if is_efa(i))
        yield from (f"guest:{i.attachment.instance_id}" for i in efas if i.attachment)


def _touched_interface(state: State, interface: NetworkInterface, have: Desired) -> Iterator[str]:
    if interface.attachment is None and f"interface:{interface.id}" not in have:
        return  # it is nowhere, and was nowhere: no packet can tell
    yield from of_interface(state, interface)
    yield from _touched_routes(state, interface.id)
    if interface.attachment is not None:
        yield f"guest:{interface.attachment.instance_id}"
        yield from limits.touched(state, interface.attachment.instance_id)
        vpcs = (interface.vpc_id, *peers(state, interface.vpc_id))
        yield from limits.express_keys(interface, vpcs)
    if (f"network:{interface.vpc_id}" in have) != has_network(state, interface.vpc_id):
        yield from of_vpc(state, interface.vpc_id)


def _touched_routes(state: State, target: str) -> Iterator[str]:
    yield from (f"table:{t.id}" for t in state.where(RouteTable, "target", target))


def _touched_associations(state: State, change: Change, noun: RouteTable) -> Iterator[str]:
    before = change.old.associations if isinstance(change.old, RouteTable) else ()
    after = change.new.associations if isinstance(change.new, RouteTable) else ()
    if before != after:
        yield f"network:{noun.vpc_id}"
        interfaces = state.where(NetworkInterface, "attachment.vpc-id", noun.vpc_id)
        yield from (f"interface:{i.id}" for i in interfaces)


def _touched_groups(state: State, peering: Peering) -> Iterator[str]:
    for side in (peering.requester, peering.accepter):
        for group in state.where(SecurityGroup, "vpc-id", side.vpc_id):
            yield from groups_elsewhere(state, group.id)


def _touched_express(state: State, peering: Peering) -> Iterator[str]:
    """The keys of ENA Express's objects that a peering connection may alter."""
    sides = (peering.requester.vpc_id, peering.accepter.vpc_id)
    for vpc_id in sides:
        for interface in state.where(NetworkInterface, "attachment.vpc-id", vpc_id):
            yield from limits.express_keys(interface, sides)


def _touched_nat_gateway(state: State, noun: NatGateway, have: Desired) -> Iterator[str]:
    yield f"appliance:{noun.id}"
    yield from _touched_routes(state, noun.id)
    for interface in interfaces_of(state, noun.id):
        yield from _touched_interface(state, interface, have)


def _touched_acl_associations(state: State, change: Change) -> Iterator[str]:
    before = change.old.associations if isinstance(change.old, NetworkAcl) else ()
    after = change.new.associations if isinstance(change.new, NetworkAcl) else ()
    for association in set(before) ^ set(after):
        interfaces = state.where(NetworkInterface, "subnet-id", association.subnet_id)
        yield from (f"interface:{i.id}" for i in interfaces)


def _touched_ipv6_block(state: State, change: Change, noun: Subnet) -> Iterator[str]:
    """Interfaces, and routes to them, know the IPv6 block of their subnet, which may come and go."""
    before, after = (one.cidr6 if isinstance(one, Subnet) else "" for one in (change.old, change.new))
    if before != after:
        interfaces = state.where(NetworkInterface, "subnet-id", noun.id)
        for interface in interfaces:
            yield f"interface:{interface.id}"
            yield from _touched_routes(state, interface.id)


def _touched_gateway(state: State, vpc_id: str) -> Iterator[str]:
    yield from of_vpc(state, vpc_id)
    for interface in state.where(NetworkInterface, "attachment.vpc-id", vpc_id):
        yield from of_interface(state, interface)


def _interface(state: State, change: Change, noun: NetworkInterface, have: Desired) -> Iterator[str]:
    yield from _touched_interface(state, noun, have)


def _address(state: State, change: Change, noun: Address, have: Desired) -> Iterator[str]:
    yield f"mapping:{noun.public_ip}"
    yield f"interface:{noun.interface_id}"


def _group(state: State, change: Change, noun: SecurityGroup, have: Desired) -> Iterator[str]:
    yield from (f"group:{noun.id}", f"members:{noun.id}")


def _group_rule(state: State, change: Change, noun: SecurityGroupRule, have: Desired) -> Iterator[str]:
    yield from (f"group:{noun.group_id}", f"members:{noun.peer_group}")
    yield from _touched_memories(state, noun)


def _table(state: State, change: Change, noun: RouteTable, have: Desired) -> Iterator[str]:
    yield f"table:{noun.id}"
    yield from _touched_associations(state, change, noun)


def _peering(state: State, change: Change, noun: Peering, have: Desired) -> Iterator[str]:
    yield f"peering:{noun.id}"
    yield from _touched_groups(state, noun)
    yield from _touched_express(state, noun)
    yield from _touched_routes(state, noun.id)


def _prefix_list(state: State, change: Change, noun: PrefixList, have: Desired) -> Iterator[str]:
    yield from (f"group:{id}" for id in referring_groups(state, noun.id))
    yield from (f"table:{t.id}" for t in referring_tables(state, noun.id))


def _nat_gateway(state: State, change: Change, noun: NatGateway, have: Desired) -> Iterator[str]:
    yield from _touched_nat_gateway(state, noun, have)


def _acl(state: State, change: Change, noun: NetworkAcl, have: Desired) -> Iterator[str]:
    yield f"acl:{noun.id}"
    yield from _touched_acl_associations(state, change)


def _subnet(state: State, change: Change, noun: Subnet, have: Desired) -> Iterator[str]:
    yield f"network:{noun.vpc_id}"
    yield from _touched_ipv6_block(state, change, noun)


def _egress_gateway(state: State, change: Change, noun: EgressOnlyGateway, have: Desired) -> Iterator[str]:
    yield f"network:{noun.vpc_id}"
    yield from _touched_routes(state, noun.id)


def _vpc(state: State, change: Change, noun: Vpc, have: Desired) -> Iterator[str]:
    yield from of_vpc(state, noun.id)
    interfaces = state.where(NetworkInterface, "attachment.vpc-id", noun.id)
    yield from (f"interface:{i.id}" for i in interfaces)


def _internet_gateway(state: State, change: Change, noun: InternetGateway, have: Desired) -> Iterator[str]:
    if noun.vpc_id:
        yield from _touched_gateway(state, noun.vpc_id)


def _volume(state: State, change: Change, noun: Volume, have: Desired) -> Iterator[str]:
    yield f"guest:{noun.instance_id}"


_TOUCHED: dict[type[Noun], Callable[[State, Change, Any, Desired], Iterator[str]]] = {
    Instance: _touched_instance,
    NetworkInterface: _interface,
    Address: _address,
    SecurityGroup: _group,
    SecurityGroupRule: _group_rule,
    RouteTable: _table,
    Peering: _peering,
    PrefixList: _prefix_list,
    NatGateway: _nat_gateway,
    NetworkAcl: _acl,
    Subnet: _subnet,
    EgressOnlyGateway: _egress_gateway,
    Vpc: _vpc,
    InternetGateway: _internet_gateway,
    Volume: _volume,
}
NO_PACKET_CAN_TELL: frozenset[type[Noun]] = frozenset(
    {
        AddressTransfer,
        ClientToken,
        DedicatedHost,
        DhcpOptions,
        Failure,
        KeyPair,
        PlacementGroup,
        RegionSettings,
        SubnetReservation,
        VpcEndpoint,
    }
)
"""Nouns that no object of the desired network is built from, or only together with one of those above."""


def check_declared(kinds: Iterable[type[Noun]]) -> None:
    """Look that every noun is in one of the two tables above; raises TypeError for one that is not."""
    for kind in kinds:
        if (kind in _TOUCHED) == (kind in NO_PACKET_CAN_TELL):
            raise TypeError(
                f"say in {__name__} which objects {kind.__name__} touches, or that it touches none"
            )


check_declared(KINDS)
