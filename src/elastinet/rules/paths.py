"""The path of packets between two interfaces, there and back, or why there is none (section 6).

They are of IPv4, but of IPv6 where one end has nothing else. From an end of IPv6 only to one without IPv6
they are both: a NAT gateway translates. Only state and routes are asked: what security groups and network
ACLs say of the packets is another question.
"""

from collections.abc import Iterator
from typing import NamedTuple

from elastinet.catalog.nat64 import embedded
from elastinet.catalog.network import GATEWAY_MTU, JUMBO_MTU
from elastinet.catalog.protocols import TCP
from elastinet.catalog.words import Via
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.rules import peerings
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.explaining.explanation import reasons
from elastinet.rules.explaining.packets import EPHEMERAL
from elastinet.rules.interfaces import addresses_of, instance_id_of
from elastinet.rules.ranges import PORTS, Ranges, address_of, of_block, version_of
from elastinet.rules.reachability.question import Question, ask
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Step
from elastinet.rules.routing import gateway_of

OUTSIDE = ("gateway", "egress")


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


class Flow(NamedTuple):
    """The headers of a protocol's packets between two interfaces, at each component there and back."""

    there: Path
    back: Path

    @property
    def source_ip(self) -> str:
        """The address by which the target knows the source."""
        return _address_in(self.there.arrived.field("source"), self.there.arrived.version)

    @property
    def target_ip(self) -> str:
        """The address by which the source knows the target."""
        sent = self.there.steps[0].entering
        return _address_in(sent.field("destination"), sent.version)


def _address_in(field: Ranges, version: int) -> str:
    return address_of(field[0][0], version)


def path(
    state: State, one: NetworkInterface, other: NetworkInterface, *, public: bool = False
) -> NetworkPath:
    """The way between two interfaces: by private addresses where there is one, unless it is to be public.

    Raises NoNetworkPath.
    """
    return path_of(state, flow(state, one, other, public=public))


def path_of(state: State, flow: Flow) -> NetworkPath:
    """The way that a flow goes."""
    steps = (*flow.there.steps, *flow.back.steps)
    middleboxes = tuple(dict.fromkeys(_middleboxes(steps)))
    crossed = [state.need(Peering, step.hop.id) for step in steps if step.hop.kind == "peering"]
    if any(step.hop.kind in OUTSIDE for step in steps):
        return NetworkPath("gateway", GATEWAY_MTU, middleboxes=middleboxes)
    if not crossed:
        return NetworkPath("vpc", JUMBO_MTU, middleboxes=middleboxes)
    across = any(one.requester.region != one.accepter.region for one in crossed)
    mtu = min(map(peerings.mtu, crossed))
    return NetworkPath("region" if across else "peering", mtu, crossed[0].id, middleboxes)


def _middleboxes(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        if step.hop.kind == "nat":
            yield step.hop.id
        elif step.route and step.route[1].kind == "interface":
            yield step.route[1].target


def flow(
    state: State,
    one: NetworkInterface,
    other: NetworkInterface,
    *,
    public: bool = False,
    protocol: int = TCP,
    ports: Ranges = PORTS,
) -> Flow:
    """The headers that go from one interface to ports of another, and back; raises NoNetworkPath.

    They go by private addresses where a way leads there, unless they are to be public.
    """
    check_ends(state, one, other)
    for interface in (one, other):
        if not carries_ip(interface):
            raise NoNetworkPath(f"{interface.id} is EFA-only and has no address")
    fields = {"sport": EPHEMERAL, "dport": ports}
    if public:
        return _outside(state, one, other, protocol, fields)
    try:
        return _asked(state, one, other, _inner(one, other), protocol, fields)
    except NoNetworkPath as private:
        if one.vpc_id == other.vpc_id:
            raise
        try:
            return _outside(state, one, other, protocol, fields)
        except NoNetworkPath as why:
            raise NoNetworkPath(f"{private}; nor through internet gateways: {why}") from why


def check_ends(state: State, one: NetworkInterface, other: NetworkInterface) -> None:
    """Look that two interfaces are in two instances that run; raises NoNetworkPath."""
    if _instance(state, one).id == _instance(state, other).id:
        raise NoNetworkPath(f"both ends are {instance_id_of(one)}: what it sends to itself meets no limit")


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


def address_for(own: NetworkInterface, peer: NetworkInterface) -> str:
    """The private address by which one interface is known to another; of IPv6 where they share no IPv4."""
    if own.addresses and peer.addresses:
        return own.primary
    if own.addresses6 and peer.addresses6:
        return own.addresses6[0]
    raise NoNetworkPath(f"{own.id} and {peer.id} share no family of addresses, and IPv4 does not reach IPv6")


def _inner(one: NetworkInterface, other: NetworkInterface) -> str:
    """The address by which one interface sends to another inside, of NAT64's where it has nothing else."""
    if _is_translated(one, other):
        return embedded(other.primary)
    return address_for(other, one)


def _outer(state: State, one: NetworkInterface, other: NetworkInterface) -> str:
    """The address by which one interface sends to another over the internet."""
    if _is_translated(one, other):
        return embedded(_public(state, other))
    return _public(state, other) if one.addresses and other.addresses else address_for(other, one)


def _is_translated(one: NetworkInterface, other: NetworkInterface) -> bool:
    return not one.addresses and not other.addresses6


def _public(state: State, interface: NetworkInterface) -> str:
    """A public address that leads to an interface."""
    elastic = addresses_of(state, interface)
    found = elastic[interface.primary].public_ip if interface.primary in elastic else interface.public_ip
    found = found or next((address.public_ip for address in elastic.values()), None)
    if found is None:
        raise NoNetworkPath(f"{interface.id} of {instance_id_of(interface)} has no public address")
    return found


def _outside(
    state: State, one: NetworkInterface, other: NetworkInterface, protocol: int, fields: dict[str, Ranges]
) -> Flow:
    there = _outer(state, one, other)
    for vpc_id in (one.vpc_id, other.vpc_id) if one.addresses else (other.vpc_id,):
        if gateway_of(state, vpc_id) is None:
            raise NoNetworkPath(f"{vpc_id} has no internet gateway")
    found = _asked(state, one, other, there, protocol, fields)
    if not any(step.hop.kind in OUTSIDE for step in found.there.steps):
        raise NoNetworkPath(f"{one.id} reaches {there} without an internet gateway")
    return found


def _asked(
    state: State,
    one: NetworkInterface,
    other: NetworkInterface,
    there: str,
    protocol: int,
    fields: dict[str, Ranges],
) -> Flow:
    """The headers to an address, and back; raises NoNetworkPath with all that blocks them."""
    own = one.addresses6[0] if ":" in there else one.primary
    ends = {"source": of_block(own), "destination": of_block(there)}
    whole = frozenset({one.id}), frozenset({other.id})
    question = Question(*whole, protocol, version_of(there), ends | fields, filtered=False)
    answer = ask(state, question)
    if not answer.reachable or answer.there is None or answer.back is None:
        raise NoNetworkPath("; ".join(reasons(state, question, answer)))
    return Flow(answer.there, answer.back)
