"""Where a route leads: its target as it is now, or the reason why its packets go nowhere (section 6.1).

Two kinds of nowhere: the target of a *blackhole* is not available, and DescribeRouteTables says so. Other
routes are shown as active, but their packets are dropped, as by an interface with its source/destination
check on. Inside a subnet no route is asked: packets go to the neighbour whose MAC they carry.
"""

from enum import Enum
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from elastinet.model.foreign import Foreign
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route, RouteTable, TargetKind
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet
from elastinet.rules.presence import is_live


class Nowhere(Enum):
    """The reason why packets of a route go nowhere, as the end of a sentence about its target."""

    GONE = "a black hole: it is gone"
    DETACHED = "a black hole: it is attached to nothing here"
    NOT_RUNNING = "a black hole: its instance does not run"
    INACTIVE = "a black hole: it is not active"
    CHECKED = "whose source/destination check is on"
    NO_IPV6 = "which carries no IPv6"
    NO_IPV4 = "which carries no IPv4"
    FOREIGN = "of which nothing is known here"

    @property
    def is_blackhole(self) -> bool:
        """True if EC2 shows the route's state as "blackhole"."""
        return self not in (Nowhere.CHECKED, Nowhere.NO_IPV6, Nowhere.NO_IPV4, Nowhere.FOREIGN)


class NextHop(NamedTuple):
    """Where a route leads: a target of a kind, by its id; packets to a NAT gateway go to its interface."""

    kind: TargetKind
    target: str
    interface: str | None = None


def next_hop(state: State, table: RouteTable, route: Route, *, ipv6: bool = False) -> NextHop | Nowhere:
    """The next hop of a table's route, for packets of IPv4 or of IPv6."""
    match route.kind:
        case "nat":
            return _nat_gateway(state, route)
        case "interface":
            return _interface(state, route, ipv6=ipv6)
        case "gateway":
            nowhere = _gateway(state, table, route)
        case "egress":
            nowhere = None if state.get(EgressOnlyGateway, route.target) else Nowhere.GONE
        case "peering":
            nowhere = _peering(state, route)
        case "local":
            nowhere = None
        case "foreign":
            nowhere = Nowhere.FOREIGN if state.get(Foreign, route.target) else Nowhere.GONE
    return nowhere or NextHop(route.kind, route.target)


def is_blackhole(state: State, table: RouteTable, route: Route) -> bool:
    """True if a route's target is not available: gone, detached, or not running."""
    hop = next_hop(state, table, route)
    return isinstance(hop, Nowhere) and hop.is_blackhole


def are_neighbours(one: NetworkInterface, other: NetworkInterface) -> bool:
    """True if two interfaces are in one subnet: neither routes nor network ACLs are asked between them."""
    return one.subnet_id == other.subnet_id


def neighbour(state: State, sender: NetworkInterface, mac: str, address: str) -> NextHop | Nowhere:
    """Where a packet to an address goes in a frame to another MAC than the router's."""
    there = state.where(NetworkInterface, "subnet-id", sender.subnet_id)
    found = next((interface for interface in there if interface.mac == mac), None)
    if found is None:
        return Nowhere.GONE
    if not is_live(state, found):
        return Nowhere.NOT_RUNNING
    return NextHop("interface", found.id, found.id) if takes(found, address) else Nowhere.CHECKED


def takes(interface: NetworkInterface, address: str) -> bool:
    """True if what is for an address gets past the source/destination check of who receives it."""
    own = any(ip_address(address) in ip_network(block) for block in interface.own_addresses)
    return own or not interface.source_dest_check


def _gateway(state: State, table: RouteTable, route: Route) -> Nowhere | None:
    gateway = state.get(InternetGateway, route.target)
    if gateway is None:
        return Nowhere.GONE
    return None if gateway.vpc_id == table.vpc_id else Nowhere.DETACHED


def _peering(state: State, route: Route) -> Nowhere | None:
    peering = state.get(Peering, route.target)
    if peering is None:
        return Nowhere.GONE
    return None if peering.status == "active" else Nowhere.INACTIVE


def _nat_gateway(state: State, route: Route) -> NextHop | Nowhere:
    """A NAT gateway, which forwards IPv4, and IPv6 to what stands for IPv4: no other route leads to one."""
    gateway = state.get(NatGateway, route.target)
    if gateway is None:
        return Nowhere.GONE
    if not gateway.alive:
        return Nowhere.INACTIVE
    return NextHop("nat", gateway.id, gateway.interface_id)


def _interface(state: State, route: Route, *, ipv6: bool) -> NextHop | Nowhere:
    interface = state.get(NetworkInterface, route.target)
    if interface is None:
        return Nowhere.GONE
    if interface.attachment is None:
        return Nowhere.DETACHED
    instance = state.get(Instance, interface.attachment.instance_id)
    if instance is None or not instance.powered:
        return Nowhere.NOT_RUNNING
    if interface.source_dest_check:
        return Nowhere.CHECKED
    if ipv6 and not state.need(Subnet, interface.subnet_id).cidr6:
        return Nowhere.NO_IPV6
    if not ipv6 and not interface.addresses:
        return Nowhere.NO_IPV4
    return NextHop("interface", interface.id, interface.id)
