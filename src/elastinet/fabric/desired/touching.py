"""Keys of the objects that a change may alter: to build these anew gives the same as to build all."""

from collections.abc import Iterator

from elastinet.fabric.desired import limits
from elastinet.fabric.desired.desired import Desired, groups_elsewhere, of_interface, of_vpc
from elastinet.fabric.desired.presence import has_network
from elastinet.model.acl import NetworkAcl
from elastinet.model.change import Change
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.efa.efa import is_efa
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.peerings import peers
from elastinet.rules.prefix_lists import referring_groups, referring_tables


def touched(state: State, change: Change, have: Desired) -> Iterator[str]:
    """The keys of the objects that a change may have altered; `have` is what was desired before it."""
    if change.old and change.new and change.old.but(tags=change.new.tags) == change.new:
        return  # no packet can tell a tag
    for noun in (change.old, change.new):
        match noun:
            case Instance():
                yield from _touched_instance(state, change, noun, have)
            case NetworkInterface():
                yield from _touched_interface(state, noun, have)
            case Address():
                yield f"mapping:{noun.public_ip}"
                yield f"interface:{noun.interface_id}"
            case SecurityGroup():
                yield from (f"group:{noun.id}", f"members:{noun.id}")
            case SecurityGroupRule():
                yield from (f"group:{noun.group_id}", f"members:{noun.peer_group}")
                yield from _touched_memories(state, noun)
            case RouteTable():
                yield f"table:{noun.id}"
                yield from _touched_associations(state, change, noun)
            case Peering():
                yield f"peering:{noun.id}"
                yield from _touched_groups(state, noun)
                yield from _touched_express(state, noun)
                yield from _touched_routes(state, noun.id)
            case PrefixList():
                yield from (f"group:{id}" for id in referring_groups(state, noun.id))
                yield from (f"table:{t.id}" for t in referring_tables(state, noun.id))
            case NatGateway():
                yield from _touched_nat_gateway(state, noun, have)
            case NetworkAcl():
                yield f"acl:{noun.id}"
                yield from _touched_acl_associations(state, change)
            case Subnet():
                yield f"network:{noun.vpc_id}"
                yield from _touched_ipv6_block(state, change, noun)
            case EgressOnlyGateway():
                yield f"network:{noun.vpc_id}"
                yield from _touched_routes(state, noun.id)
            case Vpc():
                yield from of_vpc(state, noun.id)
                interfaces = state.where(NetworkInterface, "attachment.vpc-id", noun.id)
                yield from (f"interface:{i.id}" for i in interfaces)
            case InternetGateway() if noun.vpc_id:
                yield from _touched_gateway(state, noun.vpc_id)


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
    """Interfaces know the IPv6 block of their subnet, which may come and go."""
    before, after = (one.cidr6 if isinstance(one, Subnet) else "" for one in (change.old, change.new))
    if before != after:
        interfaces = state.where(NetworkInterface, "subnet-id", noun.id)
        yield from (f"interface:{i.id}" for i in interfaces)


def _touched_gateway(state: State, vpc_id: str) -> Iterator[str]:
    yield from of_vpc(state, vpc_id)
    for interface in state.where(NetworkInterface, "attachment.vpc-id", vpc_id):
        yield from of_interface(state, interface)
