"""All that makes an account what its twin is: commands in an order in which each finds what it needs."""

from collections.abc import Callable, Iterable

from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.twin.both import Both, Step, Steps, say
from elastinet.twin.changes import acls, gateways, groups, instances, interfaces, places, routes, tags

FIRST = (
    places.vpcs_made,
    places.vpcs_changed,
    groups.made,
    acls.made,
    places.tables_made,
    gateways.doors_made,
)
"""What needs no room that something else has to leave."""
LET_GO = (
    *(groups.revoked, routes.removed, interfaces.disassociated, interfaces.changed, groups.entries),
    *(instances.ended, interfaces.detached, gateways.closed, interfaces.ended, interfaces.released),
    *(routes.dissociated, gateways.detached, places.subnets_ended, places.blocks_gone),
)
IN_PLACE = (
    *(places.subnets_made, gateways.attached, acls.associations, routes.associated, instances.changed),
    *(instances.made, interfaces.made, interfaces.allocated, gateways.opened, interfaces.attached),
    *(instances.started, interfaces.led),
)
"""What takes the place of what was let go of."""
SPEAKING = (acls.entries, groups.authorised, routes.added, gateways.endpoints, tags.tagged)
"""What speaks of all that."""
LAST = (routes.ended, acls.ended, groups.ended, places.vpcs_ended, groups.unsaid)
"""What nothing has any more."""
ORDER: tuple[Callable[[Both], Steps], ...] = (*FIRST, *LET_GO, *IN_PLACE, *SPEAKING, *LAST)
PAST = "state_reason transition_reason boot launch_time create_time end_time state host host_failure"
SAID: dict[type[Noun], str] = {
    Vpc: "cidrs cidr_associations cidrs6 cidr6_associations former_blocks dns_support dns_hostnames "
    "dhcp_options_id",
    Subnet: "map_public_ip cidr6 cidr6_association former_blocks6 assign_ipv6 dns64 hostname_type "
    "resource_name_a_record resource_name_aaaa_record",
    DhcpOptions: "",
    SubnetReservation: "",
    PrefixList: "list_name max_entries state state_message versions",
    SecurityGroup: "group_name description",
    SecurityGroupRule: "egress protocol low high cidr peer_group prefix_list description group_id",
    NetworkAcl: "rules associations",
    InternetGateway: "vpc_id",
    EgressOnlyGateway: "",
    NatGateway: "state delete_time failure",
    Peering: "status message create_time end_time accepter_tags requester accepter",
    VpcEndpoint: "route_tables policy",
    RouteTable: "routes associations",
    NetworkInterface: "groups source_dest_check description addresses addresses6 prefixes prefixes6 "
    "attachment ended public_ip associate_public_ip creator_id",
    Address: "association_id interface_id private_ip ptr_record",
    Instance: f"{PAST} host_failure_since instance_type api_termination_disabled api_stop_disabled metadata "
    "private_ip credit_specification",
    PlacementGroup: "",
}
"""What is made commands of, or follows from that, or is past; other differences are told in words."""


def steps(before: State, after: State) -> list[Step]:
    """The steps from one state of an account to another."""
    both = Both(before, after)
    return [*(step for part in ORDER for step in part(both)), *_left(both)]


def _left(both: Both) -> Steps:
    """What there is no command for."""
    for kind in both.after.tables:
        if kind.__name__ in tags.UNTAGGED or kind.__name__.startswith("Insights"):
            continue
        if kind not in SAID:
            yield from (say(f"{one.id} is new: no command is made for it") for one in _by_itself(both, kind))
            yield from (say(f"{one.id} is gone: no command is made for it") for one in _lost(both, kind))
        known = {*SAID.get(kind, "").split(), "tags"}
        for old, new in both.kept(kind):
            odd = [f for f in new.__struct_fields__ if getattr(old, f) != getattr(new, f) and f not in known]
            if odd:
                yield say(f"{new.id} differs in {', '.join(odd)}: no command is made for it")


def _by_itself(both: Both, kind: type[Noun]) -> Iterable[Noun]:
    """What is new and does not come with an instance."""
    return (one for one in both.made(kind) if not _with(both.is_new, one))


def _lost(both: Both, kind: type[Noun]) -> Iterable[Noun]:
    return (one for one in both.gone(kind) if not _with(both.is_gone, one))


def _with(is_so: Callable[[type[Noun], str], bool], one: Noun) -> bool:
    """True if something is a volume of an instance that is new, or gone, too."""
    return isinstance(one, Volume) and any(is_so(Instance, a.instance_id) for a in one.attachments)
