"""The path of IPv4 packets between two interfaces, there and back, or why there is none (section 6).

Only state and routes are asked: what security groups and network ACLs say of the packets is another question.
"""

from collections.abc import Iterable
from typing import NamedTuple

from elastinet.catalog.network import GATEWAY_MTU, JUMBO_MTU
from elastinet.catalog.words import Via
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route
from elastinet.model.state import State
from elastinet.rules import peerings
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.interfaces import addresses_of, instance_id_of
from elastinet.rules.next_hop import Nowhere, are_neighbours, next_hop
from elastinet.rules.routing import route_to, table_of


class NoNetworkPath(Exception):
    """No packet gets from one interface to another and back; the message is the reason."""


class NetworkPath(NamedTuple):
    """A way between two interfaces, there and back.

    `peering` is the connection that it goes over, `middleboxes` are the interfaces and NAT gateways that
    packets are sent through in either direction.
    """

    via: Via
    mtu: int
    peering: str | None = None
    middleboxes: tuple[str, ...] = ()


def path(
    state: State, one: NetworkInterface, other: NetworkInterface, *, public: bool = False
) -> NetworkPath:
    """The way between two interfaces: by private addresses where there is one, unless it is to be public.

    Raises NoNetworkPath.
    """
    check_ends(state, one, other)
    for interface in (one, other):
        if not carries_ip(interface):
            raise NoNetworkPath(f"{interface.id} is EFA-only and has no address")
    if public:
        return _public(state, one, other)
    if one.vpc_id == other.vpc_id:
        return _inside(state, one, other)
    try:
        return _peered(state, one, other)
    except NoNetworkPath as private:
        try:
            return _public(state, one, other)
        except NoNetworkPath as why:
            raise NoNetworkPath(f"{private}; nor through internet gateways: {why}") from why


def check_ends(state: State, one: NetworkInterface, other: NetworkInterface) -> None:
    """Look that two interfaces are in two instances that run; raises NoNetworkPath."""
    if _instance(state, one).id == _instance(state, other).id:
        raise NoNetworkPath(f"both ends are {instance_id_of(one)}: what it sends to itself meets no limit")


def addresses(
    state: State, one: NetworkInterface, other: NetworkInterface, way: NetworkPath
) -> tuple[str, str]:
    """The addresses by which two interfaces that have a way see each other."""
    if way.via != "gateway":
        return one.primary, other.primary
    nat = next((state.get(NatGateway, id) for id in way.middleboxes), None)
    return nat.public_ip if nat else _address(state, one), _address(state, other)


def _instance(state: State, interface: NetworkInterface) -> Instance:
    """The instance of an interface, which runs and is reached by its network."""
    instance = state.get(Instance, instance_id_of(interface) or "")
    if instance is None:
        raise NoNetworkPath(f"{interface.id} is in no instance")
    if instance.state != "running":
        raise NoNetworkPath(f"{instance.id} is {instance.state}, not running")
    if instance.host_failure:
        raise NoNetworkPath(f"the host of {instance.id} has lost its {instance.host_failure}")
    return instance


def _inside(state: State, one: NetworkInterface, other: NetworkInterface) -> NetworkPath:
    steps = (_middlebox(state, *pair) for pair in ((one, other), (other, one)))
    return NetworkPath("vpc", JUMBO_MTU, middleboxes=_each_once(steps))


def _middlebox(state: State, sender: NetworkInterface, receiver: NetworkInterface) -> str | None:
    """The target that a VPC's route sends packets through; None for the local route and inside a subnet."""
    if are_neighbours(sender, receiver):
        return None
    route = _open_route(state, sender, receiver.primary)
    return None if route.kind == "local" else route.target


def _peered(state: State, one: NetworkInterface, other: NetworkInterface) -> NetworkPath:
    found = [_peering(state, *pair) for pair in ((one, other), (other, one))]
    across = found[0].requester.region != found[0].accepter.region
    return NetworkPath("region" if across else "peering", min(map(peerings.mtu, found)), found[0].id)


def _peering(state: State, sender: NetworkInterface, receiver: NetworkInterface) -> Peering:
    """The peering connection by which a sender's route leads to another VPC."""
    route = _open_route(state, sender, receiver.primary)
    if route.kind != "peering":
        raise NoNetworkPath(
            f"{_said(state, sender, route)}, not to {receiver.vpc_id}, where {receiver.primary} is"
        )
    peering = state.need(Peering, route.target)
    if receiver.vpc_id not in (peering.requester.vpc_id, peering.accepter.vpc_id):
        raise NoNetworkPath(f"{_said(state, sender, route)}, which does not reach {receiver.vpc_id}")
    return peering


def _public(state: State, one: NetworkInterface, other: NetworkInterface) -> NetworkPath:
    there = _address(state, other)
    route = _open_route(state, one, there)
    if route.kind != "nat":
        _leave(state, one, there)
        _leave(state, other, _address(state, one))
        return NetworkPath("gateway", GATEWAY_MTU)
    nat = state.need(NatGateway, route.target)
    if not nat.public_ip:
        raise NoNetworkPath(f"{_said(state, one, route)}, which has no public address")
    _leave(state, state.need(NetworkInterface, nat.interface_id), there)
    _leave(state, other, nat.public_ip)
    return NetworkPath("gateway", GATEWAY_MTU, middleboxes=(nat.id,))


def _leave(state: State, sender: NetworkInterface, address: str) -> None:
    """Look that a sender's route to an address leads to an internet gateway."""
    route = _open_route(state, sender, address)
    if route.kind != "gateway":
        raise NoNetworkPath(f"{_said(state, sender, route)}, not to an internet gateway")


def _address(state: State, interface: NetworkInterface) -> str:
    """A public address that leads to an interface."""
    elastic = addresses_of(state, interface)
    found = elastic[interface.primary].public_ip if interface.primary in elastic else interface.public_ip
    found = found or next((address.public_ip for address in elastic.values()), None)
    if found is None:
        raise NoNetworkPath(f"{interface.id} of {instance_id_of(interface)} has no public address")
    return found


def _open_route(state: State, sender: NetworkInterface, address: str) -> Route:
    """The route by which an interface's subnet sends to an address, if it leads anywhere."""
    table = table_of(state, sender.vpc_id, sender.subnet_id)
    route = route_to(state, table, address)
    if route is None:
        raise NoNetworkPath(f"{table.id} of {sender.subnet_id} has no route to {address}")
    hop = next_hop(state, table, route)
    if isinstance(hop, Nowhere):
        raise NoNetworkPath(f"{_said(state, sender, route)}, {hop.value}")
    return route


def _said(state: State, sender: NetworkInterface, route: Route) -> str:
    table = table_of(state, sender.vpc_id, sender.subnet_id)
    return f"the route to {route.destination} in {table.id} leads to {route.target}"


def _each_once(steps: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step for step in steps if step))
