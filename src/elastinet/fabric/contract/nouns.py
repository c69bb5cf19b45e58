"""Nouns, and the kinds of desired objects that a change of each may alter.

It is declared here and nowhere else. `desired.touching` finds which objects these are, to build them anew.
`graph` says what they read of each other. A noun or a kind of object that nobody has declared is an error
at import.
"""

from collections.abc import Iterable
from typing import get_args

from elastinet.fabric.contract.graph import GRAPH
from elastinet.fabric.contract.keys import ObjectKind
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.account import ClientToken, RegionSettings
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fleet import Fleet
from elastinet.model.foreign import Foreign
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.insights import InsightsAnalysis, InsightsPath
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion
from elastinet.model.managed_policy import ManagedPolicy
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import DedicatedHost, Failure, PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.role import InstanceProfile, Role
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import KINDS
from elastinet.model.transfer import AddressTransfer
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc

AnyKind = type[Noun]

ALTERED_BY: dict[ObjectKind, frozenset[AnyKind]] = {
    "network": frozenset({Vpc, Subnet, InternetGateway, EgressOnlyGateway, RouteTable, VpcEndpoint}),
    "table": frozenset(
        {RouteTable, Vpc, Subnet, PrefixList, NetworkInterface, NatGateway, Peering, EgressOnlyGateway}
    ),
    "interface": frozenset({NetworkInterface, Address, Vpc, Subnet, RouteTable, NetworkAcl}),
    "group": frozenset({SecurityGroup, SecurityGroupRule, Vpc, PrefixList, NetworkInterface, Peering}),
    "members": frozenset({SecurityGroup, SecurityGroupRule, Vpc, NetworkInterface}),
    "acl": frozenset({NetworkAcl, Vpc}),
    "mapping": frozenset({Address, NetworkInterface, InternetGateway}),
    "guest": frozenset({Instance, NetworkInterface, SecurityGroupRule, Volume}),
    "appliance": frozenset({NatGateway, RouteTable, Vpc, NetworkInterface}),
    "peering": frozenset({Peering, Vpc}),
    "bandwidth": frozenset({Instance, NetworkInterface}),
    "near": frozenset({Instance, NetworkInterface, Peering}),
}
"""For each kind of object the nouns of which a change may alter one."""
THROUGH: dict[AnyKind, frozenset[AnyKind]] = {
    Instance: frozenset({NetworkInterface}),
    NatGateway: frozenset({NetworkInterface}),
    VpcEndpoint: frozenset({NetworkInterface}),
    InternetGateway: frozenset({Vpc}),
    NetworkInterface: frozenset({Vpc}),
}
"""Nouns of which some changes are as good as a change of others. Example: an instance loses its power."""
NO_PACKET_CAN_TELL: frozenset[AnyKind] = frozenset(
    {
        AccessScope,
        AccessScopeAnalysis,
        AddressTransfer,
        ClientToken,
        DedicatedHost,
        DhcpOptions,
        Failure,
        Fleet,
        InsightsAnalysis,
        InsightsPath,
        Foreign,
        InstanceProfile,
        KeyPair,
        Snapshot,
        MachineImage,
        LaunchTemplate,
        LaunchTemplateVersion,
        ManagedPolicy,
        PlacementGroup,
        RegionSettings,
        Role,
        SubnetReservation,
    }
)
"""Nouns that no object is built from, or only together with one that is declared above."""


def check_declared(nouns: Iterable[AnyKind], kinds: Iterable[str]) -> None:
    """Look that every noun and kind of object is declared above; raises TypeError for one that is not."""
    altering = frozenset(THROUGH).union(*ALTERED_BY.values())
    for noun in nouns:
        if (noun in altering) == (noun in NO_PACKET_CAN_TELL):
            raise TypeError(f"say in {__name__} which objects {noun.__name__} alters, or that it alters none")
    if undeclared := ({*kinds} ^ {*ALTERED_BY}) | ({*kinds} ^ {*GRAPH}):
        raise TypeError(f"say in {__name__} what alters {', '.join(sorted(undeclared))}, and what each reads")


check_declared(KINDS, get_args(ObjectKind))


# --- what others ask ------------------------------------------------------------------------------


def altered_by(noun: AnyKind) -> tuple[ObjectKind, ...]:
    """The kinds of objects that a change of a noun may alter by itself."""
    return tuple(kind for kind, nouns in ALTERED_BY.items() if noun in nouns)
