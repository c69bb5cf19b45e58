"""What nouns must have and a dump lacks: a new VPC's defaults are taken in its place, and said."""

from elastinet.dumps.world import World, made_up
from elastinet.model.acl import AclAssociation, AclRule, NetworkAcl
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.foreign import Foreign
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import Association, Route, RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.rules.prefix_lists import is_prefix_list
from elastinet.rules.presence import is_in_foreign

MOST_NAMED = 5


def fill(world: World) -> None:
    """Have everything that another noun refers to."""
    _groups(world)
    _prefix_lists(world)
    _lists_of_subnets(world)
    _main_tables(world)
    _nat_addresses(world)
    _holders(world)
    _elsewhere(world)


def _groups(world: World) -> None:
    for interface in world.all(NetworkInterface):
        for id in interface.groups:
            if world.state.get(SecurityGroup, id) is None:
                world.lacks(
                    id, "security-group", interface, world.file_of(interface), "taken as one without rules"
                )
                world.put(
                    SecurityGroup(
                        id=id,
                        owner=interface.owner,
                        region=interface.region,
                        vpc_id=interface.vpc_id,
                        group_name=id,
                        description="",
                    )
                )
    for rule in world.all(SecurityGroupRule):
        peer = rule.peer_group
        if peer and world.state.get(SecurityGroup, peer) is None:
            group = world.state.need(SecurityGroup, rule.group_id)
            world.lacks(peer, "security-group", group, world.file_of(group), "the rule opens nothing")


def _prefix_lists(world: World) -> None:
    wanted: list[tuple[str, Noun]] = [
        (r.prefix_list, r) for r in world.all(SecurityGroupRule) if r.prefix_list
    ]
    wanted += [
        (r.destination, t) for t in world.all(RouteTable) for r in t.routes if is_prefix_list(r.destination)
    ]
    wanted += [(endpoint.prefix_list, endpoint) for endpoint in world.all(VpcEndpoint)]
    for id, noun in wanted:
        if world.state.get(PrefixList, id) is None:
            world.lacks(id, "prefix-list", noun, world.file_of(noun), "taken as one without entries")
            of_aws = isinstance(noun, VpcEndpoint)
            world.put(
                PrefixList(
                    id=id,
                    owner=noun.owner,
                    region=noun.region,
                    list_name=noun.service_name if isinstance(noun, VpcEndpoint) else id,
                    family="IPv4",
                    max_entries=1,
                    of_aws=of_aws,
                )
            )


def _lists_of_subnets(world: World) -> None:
    """The network ACL of each subnet: without one, its VPC's default one, which lets everything pass."""
    for vpc in world.all(Vpc):
        subnets = list(world.state.where(Subnet, "vpc-id", vpc.id))
        bare = [s.id for s in subnets if not world.state.count(NetworkAcl, "association.subnet-id", s.id)]
        own = next((a for a in world.state.where(NetworkAcl, "vpc-id", vpc.id) if a.is_default), None)
        if own is not None and not bare:
            continue
        if bare:
            world.say("", f"no network ACL of {_some(bare)} is in the dump: taken as {vpc.id}'s default one")
        if own is None:
            world.say(
                "",
                f"the default network ACL of {vpc.id} is not in the dump: taken as a new VPC's, all open",
            )
        own = own or _new_acl(vpc)
        more = tuple(AclAssociation(made_up("aclassoc", id), id) for id in bare)
        world.replace(own.but(associations=(*own.associations, *more)))


def _new_acl(vpc: Vpc) -> NetworkAcl:
    families = ("0.0.0.0/0", "::/0") if vpc.cidrs6 else ("0.0.0.0/0",)
    rules = [
        AclRule(100 + n, out, -1, -1, -1, cidr, True)
        for out in (False, True)
        for n, cidr in enumerate(families)
    ]
    id = made_up("acl", vpc.id)
    return NetworkAcl(
        id=id, owner=vpc.owner, region=vpc.region, vpc_id=vpc.id, is_default=True, rules=tuple(rules)
    )


def _main_tables(world: World) -> None:
    for vpc in world.all(Vpc):
        if any(table.is_main for table in world.state.where(RouteTable, "vpc-id", vpc.id)):
            continue
        world.say(
            "",
            f"the main route table of {vpc.id} is not in the dump: taken as a new VPC's, all local",
        )
        routes = tuple(Route(c, "local", "local", "CreateRouteTable") for c in (*vpc.cidrs, *vpc.cidrs6))
        world.put(
            RouteTable(
                id=made_up("rtb", vpc.id),
                owner=vpc.owner,
                region=vpc.region,
                vpc_id=vpc.id,
                routes=routes,
                associations=(Association(made_up("rtbassoc", vpc.id), None),),
            )
        )


def _nat_addresses(world: World) -> None:
    """The private address of a NAT gateway is its interface's; without either nothing is known of it."""
    for nat in world.all(NatGateway):
        interface = world.state.get(NetworkInterface, nat.interface_id)
        if nat.private_ip or not nat.alive:
            continue
        if interface and interface.primary:
            world.replace(nat.but(private_ip=interface.primary))
        else:
            world.foreign(nat.id, "nat-gateway", nat, lacking=True)
            world.say(world.file_of(nat), f"no address of {nat.id} is in the dump: the path ends there")


def _holders(world: World) -> None:
    """Instances and NAT gateways of interfaces: of one that lacks only its name is known."""
    lost = []
    for interface in world.all(NetworkInterface):
        held_by = interface.attachment.instance_id if interface.attachment else ""
        if not held_by or is_in_foreign(world.state, interface):
            continue
        if world.state.get(Instance, held_by) or world.state.get(NatGateway, held_by):
            continue
        world.foreign(held_by, "instance", interface, lacking=True)
        lost.append(held_by)
    if lost:
        world.say("", f"{_some(lost)} have interfaces and are not in the dump: nobody knows whether they run")
    bare = [
        i.id
        for i in world.all(Instance)
        if i.state != "terminated" and not world.state.count(NetworkInterface, "attachment.instance-id", i.id)
    ]
    if bare:
        world.say("", f"no interface of {_some(bare)} is in the dump")


def _elsewhere(world: World) -> None:
    """The far VPCs of peering connections, and the VPCs of gateways, that are not in the dump."""
    for peering in world.all(Peering):
        for side in (peering.requester, peering.accepter):
            if peering.status == "active" and world.state.get(Vpc, side.vpc_id) is None:
                world.say(
                    world.file_of(peering),
                    f"{side.vpc_id} of account {side.owner}, beyond {peering.id}, is not in the dump",
                )
    for gateway in world.all(InternetGateway):
        if gateway.vpc_id and world.state.get(Vpc, gateway.vpc_id) is None:
            world.say(
                world.file_of(gateway),
                f"{gateway.vpc_id}, which {gateway.id} is attached to, is not in the dump",
            )
            world.replace(gateway.but(vpc_id=None))


def _some(ids: list[str]) -> str:
    each = list(dict.fromkeys(ids))
    named = ", ".join(each[:MOST_NAMED])
    return named if len(each) <= MOST_NAMED else f"{named} and {len(each) - MOST_NAMED} more"


def foreign_things(world: World) -> tuple[Foreign, ...]:
    """All that has no noun here, or is only spoken of."""
    return tuple(world.all(Foreign))
