"""The part of a state that is one VPC, and what it is made of."""

from collections.abc import Iterator

from elastinet.dumps.finding import DumpError, shown
from elastinet.model.account import RegionSettings
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.foreign import Foreign
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.volume import Volume
from elastinet.model.vpc import Subnet, Vpc

SHARED = (RegionSettings, DhcpOptions, KeyPair, PlacementGroup, PrefixList, Foreign)
"""What belongs to no VPC: all that is in the VPC's account and region stays."""


def vpc_called(state: State, name: str) -> Vpc:
    """The VPC with an id or a Name; raises DumpError where there is not one."""
    found = [vpc for vpc in state.all(Vpc) if name in (vpc.id, vpc.name)]
    if len(found) != 1:
        there = ", ".join(f"{vpc.id} ({vpc.name})" if vpc.name else vpc.id for vpc in state.all(Vpc))
        count = f"{len(found)} VPCs are" if found else "no VPC is"
        raise DumpError(f"{count} {shown(name)}: the dump has {shown(there)}")
    return found[0]


def only(state: State, vpc: Vpc) -> State:
    """The nouns of one VPC, with those of its account and region that belong to none."""
    found = State()
    for noun in _of(state, vpc):
        found.replace(type(noun), noun.id, noun)
    return found


def _of(state: State, vpc: Vpc) -> Iterator[Noun]:
    for table in state.tables.values():
        yield from (noun for noun in table.rows.values() if _belongs(state, noun, vpc))


def _belongs(state: State, noun: Noun, vpc: Vpc) -> bool:
    if isinstance(noun, SHARED):
        return noun.scope == vpc.scope
    if isinstance(noun, Peering):
        return vpc.id in (noun.requester.vpc_id, noun.accepter.vpc_id)
    return _vpc_of(state, noun) == vpc.id


def _vpc_of(state: State, noun: Noun) -> str | None:
    """The VPC that a noun is in, by itself or by what it is a part of."""
    above: Noun | None = noun
    match noun:
        case Vpc():
            return noun.id
        case SubnetReservation():
            above = state.get(Subnet, noun.subnet_id)
        case SecurityGroupRule():
            above = state.get(SecurityGroup, noun.group_id)
        case Address():
            above = state.get(NetworkInterface, noun.interface_id or "")
        case Volume():
            held = (state.get(Instance, attachment.instance_id) for attachment in noun.attachments)
            above = next(held, None)
    return getattr(above, "vpc_id", None)
