"""The network that a state asks for: a pure function of it, one builder for each kind of object.

`build` is the one definition of every object. That building what a change touched gives the same as
building everything is a law with a test.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import get_args

from elastinet.catalog.network import NAT_IDLE_SECONDS, OTHER_IDLE_SECONDS
from elastinet.catalog.settings import Settings
from elastinet.fabric.contract import objects
from elastinet.fabric.contract.keys import Key, ObjectKind
from elastinet.fabric.contract.names import METADATA_ADDRESS, RESOLVER_ADDRESS6
from elastinet.fabric.contract.objects import AnyObject
from elastinet.fabric.desired import aws_endpoints, guests, lifetimes, limits
from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route, RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, Subnet, Vpc
from elastinet.rules import addressing, devices, endpoints, link_local, naming, resolving
from elastinet.rules.interfaces import addresses_of, attachment_of, instance_id_of, primary_of
from elastinet.rules.nat64 import translates
from elastinet.rules.next_hop import Nowhere, next_hop
from elastinet.rules.peerings import is_elsewhere, mtu
from elastinet.rules.permits import members, peers
from elastinet.rules.presence import has_network, is_in_foreign, is_live
from elastinet.rules.routing import edge_table, effective, gateway_of, route_to, table_of

Desired = Mapping[Key, AnyObject]
EDGES = {"gateway": "igw", "egress": "eigw"}


def everything(state: State, settings: Settings) -> dict[Key, AnyObject]:
    """All objects that a state asks for under these settings, by key."""
    keys = (key for vpc in state.all(Vpc) for key in of_vpc(state, vpc.id))
    running = (Key("guest", i.id) for i in state.all(Instance))
    own = (key for i in state.all(NetworkInterface) for key in of_interface(state, i))
    appliances = (Key("appliance", n.id) for n in state.all(NatGateway))
    all_keys = {*keys, *running, *own, *appliances, *limits.everything(state)}
    built = ((key, build(state, key, settings)) for key in all_keys)
    return {key: made for key, made in built if made is not None}


def build(state: State, key: Key, settings: Settings) -> AnyObject | None:
    """The object of this key, or None if the state asks for none."""
    if key.kind in _BY_SETTINGS:
        return _BY_SETTINGS[key.kind](state, key.id, settings)
    return _BUILDERS[key.kind](state, key.id)


# --- builders, one per kind of object -------------------------------------------------------------


def _network(state: State, id: str, settings: Settings) -> AnyObject | None:
    vpc = state.get(Vpc, id)
    if vpc is None or not has_network(state, id):
        return None
    gateway = gateway_of(state, id)
    lease = resolving.lease(state, vpc)
    subnets = sorted(state.where(Subnet, "vpc-id", id), key=lambda s: s.id)
    return objects.Network(
        id=id,
        cidrs=vpc.cidrs,
        cidrs6=vpc.cidrs6,
        subnets=tuple(objects.NetworkSubnet(s.id, s.cidr, _router_in(s), s.cidr6, s.dns64) for s in subnets),
        igw=gateway.id if gateway else None,
        eigw=next((g.id for g in state.where(EgressOnlyGateway, "vpc-id", id)), None),
        dns=lease.dns,
        domain=lease.domain,
        ntp=lease.ntp,
        resolver=resolving.resolver(vpc),
        names=(*_service_names(vpc), *_names(state, vpc, settings)),
        idle=lifetimes.of_network(settings),
        other_idle=lifetimes.scaled(OTHER_IDLE_SECONDS, settings),
        early_idle=lifetimes.early(settings).tcp,
        link_local=limits.played(link_local.allowance(), settings),
        lan=settings.outside == "lan",
        asks=settings.outside != "off",
        edge=edge.id if gateway and (edge := edge_table(state, gateway.id)) else "",
    )


def _names(state: State, vpc: Vpc, settings: Settings) -> Iterator[tuple[str, str]]:
    """The names that a VPC's resolver knows beside interfaces': of its endpoints, then AWS's own."""
    own = list(endpoints.resolved(state, vpc))
    yield from own
    if settings.api_inside and vpc.dns_support:
        known = {name for name, _ in own}
        yield from (pair for pair in aws_endpoints.addressed() if pair[0] not in known)


def _service_names(vpc: Vpc) -> Iterator[tuple[str, str]]:
    """The names that a VPC's resolver has of the metadata service: programs ask for "instance-data"."""
    if vpc.dns_support:
        domains = dict.fromkeys((naming.private_domain(vpc.region), naming.private_domain("us-east-1")))
        yield from ((f"instance-data.{domain}", METADATA_ADDRESS) for domain in domains)


def _router_in(subnet: Subnet) -> str:
    """The router's IPv4 address in a subnet, "" in one of IPv6 only."""
    return addressing.gateway(subnet.cidr) if subnet.cidr else ""


def _resolver6(state: State, interface: NetworkInterface) -> tuple[str, str]:
    """The resolver and the domain of a guest without IPv4, as DHCPv6 would say; others hear them by DHCP."""
    if interface.addresses:
        return "", ""
    vpc = state.need(Vpc, interface.vpc_id)
    return RESOLVER_ADDRESS6 if vpc.dns_support else "", resolving.lease(state, vpc).domain


def _table(state: State, id: str) -> AnyObject | None:
    table = state.get(RouteTable, id)
    if table is None or not has_network(state, table.vpc_id):
        return None
    found = ((block, route) for block, route in effective(state, table) if route.kind != "local")
    routes = tuple(one for block, route in found for one in _routes(state, table, block, route))
    return objects.RoutingTable(id=id, network=table.vpc_id, routes=routes)


def _routes(state: State, table: RouteTable, block: str, route: Route) -> Iterator[objects.TableRoute]:
    """A route; one to an interface with its check on leads to what is the interface's own, and no further."""
    yield objects.TableRoute(block, _target(state, table, route, block))
    if next_hop(state, table, route, ipv6=":" in block) is Nowhere.CHECKED:
        for own in state.need(NetworkInterface, route.target).own_addresses:
            if (":" in own) == (":" in block) and route_to(state, table, own.partition("/")[0]) == route:
                yield objects.TableRoute(str(ip_network(own)), route.target)


def _target(state: State, table: RouteTable, route: Route, block: str) -> str:
    hop = next_hop(state, table, route, ipv6=":" in block)
    if isinstance(hop, Nowhere):
        return "blackhole"
    return EDGES.get(hop.kind) or hop.interface or hop.target


def _interface(state: State, id: str, settings: Settings) -> AnyObject | None:
    interface = state.get(NetworkInterface, id)
    if interface is None or interface.attachment is None or not is_live(state, interface):
        return None
    if is_in_foreign(state, interface) or (_is_endpoint_s(interface) and not settings.api_inside):
        return None
    attachment, subnet = interface.attachment, state.need(Subnet, interface.subnet_id)
    dns6, domain = _resolver6(state, interface)
    idle = lifetimes.of_interface(state, interface, settings)
    return objects.Interface(
        id=id,
        network=interface.vpc_id,
        guest=id if _is_endpoint_s(interface) else attachment.instance_id,
        attachment=attachment.id,
        device=device(attachment.network_card, attachment.device_index),
        mac=interface.mac,
        subnet=subnet.cidr,
        subnet6=subnet.cidr6,
        gateway=_router_in(subnet),
        addresses=interface.addresses,
        addresses6=interface.addresses6,
        prefixes=(*interface.prefixes, *interface.prefixes6),
        table=table_of(state, interface.vpc_id, subnet.id).id,
        groups=interface.groups,
        check=interface.source_dest_check,
        acl=_acl_of(state, subnet.id),
        names=tuple(resolving.names(state, interface)),
        link_down=_is_link_down(state, attachment.instance_id),
        mediated=_is_mediated(state, attachment.instance_id),
        card=attachment.network_card,
        primary_subnet=_primary_subnet(state, interface),
        dns64=subnet.dns64,
        dns6=dns6,
        domain=domain,
        idle=idle,
        early=idle == lifetimes.early(settings),
    )


def _is_endpoint_s(interface: NetworkInterface) -> bool:
    """True if an interface is an interface endpoint's: each of these is an appliance by itself."""
    return interface.interface_type == "vpc_endpoint"


def _primary_subnet(state: State, interface: NetworkInterface) -> str:
    """The block that an instance's primary interface is in, for another one; no service has such a one."""
    attachment, instance_id = attachment_of(interface), instance_id_of(interface)
    if instance_id is None or (attachment.network_card, attachment.device_index) == (0, 0):
        return ""
    primary = primary_of(state, instance_id)
    return state.need(Subnet, primary.subnet_id).cidr if primary and primary.id != interface.id else ""


def _is_link_down(state: State, holder: str) -> bool:
    """True if the holder of an interface is an instance whose host has lost its network."""
    instance = state.get(Instance, holder)
    return instance is not None and instance.host_failure == "network"


def _is_mediated(state: State, holder: str) -> bool:
    """True if the holder of an interface is an instance with a mediated device; a NAT gateway is not."""
    instance = state.get(Instance, holder)
    return instance is not None and devices.device(instance).mediated


def _acl_of(state: State, subnet_id: str) -> str:
    return next((a.id for a in state.where(NetworkAcl, "association.subnet-id", subnet_id)), "")


def device(card: int, index: int) -> str:
    """The name of an interface in its guest: eth2 on network card 0, eth1n2 on card 1."""
    return f"eth{index}" if card == 0 else f"eth{card}n{index}"


def _group(state: State, id: str) -> AnyObject | None:
    group = state.get(SecurityGroup, id)
    if group is None or not has_network(state, group.vpc_id):
        return None
    rules = list(state.where(SecurityGroupRule, "group-id", id))
    return objects.Group(
        id=id,
        network=group.vpc_id,
        ingress=frozenset(p for r in rules if not r.egress for p in _permissions(state, r)),
        egress=frozenset(p for r in rules if r.egress for p in _permissions(state, r)),
    )


def _permissions(state: State, rule: SecurityGroupRule) -> Iterator[objects.GroupRule]:
    for peer in peers(state, rule):
        yield objects.GroupRule(rule.protocol, rule.low, rule.high, peer)


def _members(state: State, id: str) -> AnyObject | None:
    group = state.get(SecurityGroup, id)
    referred = any(not is_elsewhere(state, r) for r in state.where(SecurityGroupRule, "peer-group", id))
    if group is None or not referred or not has_network(state, group.vpc_id):
        return None
    return objects.Members(id=id, network=group.vpc_id, addresses=frozenset(members(state, id)))


def _mapping(state: State, id: str) -> AnyObject | None:
    lent = next(state.where(NetworkInterface, "public-ip", id), None)
    if lent is not None:
        return _to(state, id, lent, lent.primary)
    address = next(state.where(Address, "public-ip", id), None)
    if address is None or address.interface_id is None or address.private_ip is None:
        return None
    return _to(state, id, state.need(NetworkInterface, address.interface_id), address.private_ip)


def _to(state: State, public: str, interface: NetworkInterface, private: str) -> AnyObject | None:
    if not is_live(state, interface) or gateway_of(state, interface.vpc_id) is None:
        return None
    if is_in_foreign(state, interface):
        return None
    guest = instance_id_of(interface) or ""
    return objects.Mapping(id=public, network=interface.vpc_id, private=private, guest=guest)


def _acl(state: State, id: str) -> AnyObject | None:
    acl = state.get(NetworkAcl, id)
    if acl is None or not has_network(state, acl.vpc_id):
        return None
    return objects.Acl(
        id=id,
        network=acl.vpc_id,
        ingress=tuple(_acl_entry(rule) for rule in acl.rules if not rule.egress),
        egress=tuple(_acl_entry(rule) for rule in acl.rules if rule.egress),
    )


def _acl_entry(rule: AclRule) -> objects.AclEntry:
    return objects.AclEntry(rule.number, rule.protocol, rule.low, rule.high, rule.cidr, rule.allow)


def _appliance(state: State, id: str, settings: Settings) -> AnyObject | None:
    if interface := state.get(NetworkInterface, id):
        return _endpoint(state, interface, settings)
    gateway = state.get(NatGateway, id)
    if gateway is None or not gateway.alive:
        return None
    idle = lifetimes.scaled(NAT_IDLE_SECONDS, settings)
    return objects.Appliance(id=id, network=gateway.vpc_id, nat64=translates(state, gateway), idle=idle)


def _endpoint(state: State, interface: NetworkInterface, settings: Settings) -> AnyObject | None:
    if not (_is_endpoint_s(interface) and settings.api_inside and is_live(state, interface)):
        return None
    if is_in_foreign(state, interface):
        return None
    return objects.Appliance(id=interface.id, network=interface.vpc_id, serves=True)


def _peering(state: State, id: str, settings: Settings) -> AnyObject | None:
    peering = state.get(Peering, id)
    if peering is None or peering.status != "active":
        return None
    networks = (peering.requester.vpc_id, peering.accepter.vpc_id)
    if not all(has_network(state, vpc) for vpc in networks):
        return None
    bps = limits.peering_bps(peering, settings)
    return objects.PeeringLink(id=id, networks=networks, mtu=mtu(peering), bandwidth_bps=bps)


_BUILDERS: dict[ObjectKind, Callable[[State, str], AnyObject | None]] = {
    "table": _table,
    "group": _group,
    "members": _members,
    "mapping": _mapping,
    "acl": _acl,
    "near": limits.near,
}
_BY_SETTINGS: dict[ObjectKind, Callable[[State, str, Settings], AnyObject | None]] = {
    "network": _network,
    "appliance": _appliance,
    "interface": _interface,
    "guest": guests.guest,
    "peering": _peering,
    "bandwidth": limits.bandwidth,
}
if undeclared := {*get_args(ObjectKind)} ^ {*_BUILDERS, *_BY_SETTINGS}:
    raise TypeError(f"{undeclared}: every kind of object has one builder here, and no other has one")


# --- which objects belong to a noun ---------------------------------------------------------------


def of_vpc(state: State, vpc_id: str) -> Iterator[Key]:
    """The keys of the objects that stand and fall with a VPC's network."""
    yield Key("network", vpc_id)
    yield from (Key("table", t.id) for t in state.where(RouteTable, "vpc-id", vpc_id))
    yield from (Key("peering", p.id) for p in state.where(Peering, "vpc-id", vpc_id))
    yield from (Key("acl", a.id) for a in state.where(NetworkAcl, "vpc-id", vpc_id))
    for group in state.where(SecurityGroup, "vpc-id", vpc_id):
        yield Key("group", group.id)
        yield Key("members", group.id)


def of_interface(state: State, interface: NetworkInterface) -> Iterator[Key]:
    """The keys of the objects that stand and fall with an interface."""
    yield Key("interface", interface.id)
    yield from (Key("appliance", id) for id in appliance_of(interface))
    yield from (Key("mapping", public) for public in mapped_to(state, interface))


def appliance_of(interface: NetworkInterface) -> Iterator[str]:
    """The appliance that an interface itself is: one of an interface endpoint's."""
    if _is_endpoint_s(interface):
        yield interface.id


def mapped_to(state: State, interface: NetworkInterface) -> Iterator[str]:
    """The public addresses that lead to an interface."""
    if interface.public_ip:
        yield interface.public_ip
    yield from (address.public_ip for address in addresses_of(state, interface).values())


def groups_elsewhere(state: State, id: str) -> Iterator[str]:
    """The groups of other VPCs that have a rule about a group."""
    for rule in state.where(SecurityGroupRule, "peer-group", id):
        if is_elsewhere(state, rule):
            yield rule.group_id
