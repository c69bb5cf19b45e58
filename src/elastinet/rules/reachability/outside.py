"""The ways of headers out of a VPC and into one: by gateways, and over peering connections."""

from collections.abc import Iterator

from elastinet.catalog.network import PRIVATE_BLOCKS
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Vpc
from elastinet.rules.interfaces import holder
from elastinet.rules.presence import is_live
from elastinet.rules.ranges import Ranges, address_of, of_block, of_blocks, size, version_of
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Blocker, Hop, Onward, Place, Step, blocker
from elastinet.rules.reachability.walk import INTERNET, Walk, own_ranges, publics
from elastinet.rules.routing import edge_table, effective, gateway_of

FEW = 256
ONE_DOOR = ("egress", "foreign")
"""What lets answers in by which their questions went out."""


def leave_by_gateway(walk: Walk, interface: NetworkInterface, id: str, headers: Headers) -> Iterator[Onward]:
    """Out by an internet gateway: private IPv4 sources become public."""
    state, found = walk.state, list[Blocker]()
    gateway = state.get(InternetGateway, id)
    if gateway is None or (INTERNET in walk.target and walk.gateway not in ("", id)):
        return
    if gateway.vpc_id != interface.vpc_id:
        found.append(blocker("BAD_STATE_ATTACHMENT", component=id, vpc=interface.vpc_id))
    leaving = headers
    if headers.version == 4:
        public = headers.minus(headers.limited(destination=walk.private).boxes)
        if not public:
            found.append(
                _private(headers.field("destination"), id, interface.vpc_id, "DESTINATION", "EGRESS")
            )
        headers = public or headers
        leaving = _made_public(state, interface, headers)
        if not leaving and not _is_said(walk, interface):
            about = {"gateway": id, "vpc": interface.vpc_id, "interface": interface.id}
            found.append(blocker("IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS", **about))
    leaving = leaving or headers
    yield Onward(
        (Step(Hop("gateway", id, "egress"), headers, leaving, tuple(found)),), Place("internet"), leaving
    )


def _is_said(walk: Walk, interface: NetworkInterface) -> bool:
    """True if the way there has told already that an interface has no public address."""
    told = (blocker for step in walk.passed for blocker in step.blockers)
    code = "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS"
    return any(one.code == code and one.get("interface") == interface.id for one in told)


def _private(addresses: Ranges, id: str, vpc_id: str, field: str, way: str) -> Blocker:
    shared = of_blocks(PRIVATE_BLOCKS["RFC6598"], 4)
    rfc = (
        "RFC6598"
        if all(low >= shared[0][0] and high <= shared[0][1] for low, high in addresses)
        else "RFC1918"
    )
    return blocker(f"IGW_{field}_ADDRESS_NOT_IN_{rfc}_{way}", gateway=id, vpc=vpc_id)


def _made_public(state: State, interface: NetworkInterface, headers: Headers) -> Headers:
    """The headers with public sources: of the interface, or of whoever sends by it."""
    found = (headers.limited(source=of_block(private)).rewritten(source=of_block(public))
             for public, private in _sources(state, interface, headers))  # fmt: skip
    return headers._replace(boxes=tuple(dict.fromkeys(box for part in found for box in part.boxes)))


def _sources(state: State, interface: NetworkInterface, headers: Headers) -> Iterator[tuple[str, str]]:
    sources = headers.field("source")
    if size(sources) > FEW:
        yield from publics(state, interface)
        return
    numbers = (number for low, high in sources for number in range(low, high + 1))
    holders = (holder(state, interface.vpc_id, address_of(number, 4)) for number in numbers)
    for own in {found.id: found for found in holders if found and is_live(state, found)}.values():
        yield from publics(state, own)


def leave_by_egress(walk: Walk, interface: NetworkInterface, id: str, headers: Headers) -> Iterator[Onward]:
    """Out by an egress-only gateway, which lets answers in and nothing else."""
    if headers.version == 6 and walk.state.get(EgressOnlyGateway, id):
        yield Onward((Step(Hop("egress", id, "egress"), headers, headers),), Place("internet"), headers)


def from_internet(walk: Walk, headers: Headers, *, begins: bool = False) -> Iterator[Onward]:
    """From the internet to the gateways of the VPCs where something may be delivered.

    A way that `begins` there goes on to interfaces without a public address, too, to say that they have none.
    """
    for vpc_id, receivers in walk.receivers.items():
        gateway = gateway_of(walk.state, vpc_id)
        for receiver in receivers if gateway and _is_open(walk, gateway.id, begins=begins) else ():
            assert gateway
            addresses = [public for public, _ in publics(walk.state, receiver)]
            if begins and not addresses:
                addresses = list(receiver.addresses)
            there = own_ranges(receiver, 6) if headers.version == 6 else of_blocks(addresses, 4)
            if part := headers.limited(destination=there):
                yield Onward((), Place("gate", gateway.id), part)
        yield from _answers_by_the_same(walk, vpc_id, headers)


def _is_open(walk: Walk, gateway: str, *, begins: bool) -> bool:
    return not begins or walk.gateway in ("", gateway)


def _answers_by_the_same(walk: Walk, vpc_id: str, headers: Headers) -> Iterator[Onward]:
    for step in walk.passed:
        if step.hop.kind in ONE_DOOR and (part := headers.meet(step.leaving.turned.boxes)):
            hop = step.hop._replace(direction="ingress")
            for receiver in walk.of_vpc(vpc_id):
                if own := part.limited(destination=own_ranges(receiver, headers.version)):
                    yield Onward((Step(hop, own, own, step.blockers),), Place("in", receiver.id), own)


def enter_by_gateway(walk: Walk, id: str, headers: Headers) -> Iterator[Onward]:
    """In by an internet gateway: public IPv4 destinations become private; then by its own table, if any."""
    state, gateway = walk.state, walk.state.need(InternetGateway, id)
    vpc_id = gateway.vpc_id or ""
    found = list[Blocker]()
    if not vpc_id:
        found.append(blocker("BAD_STATE_ATTACHMENT", component=id))
    if headers.version == 4:
        public = headers.minus(headers.limited(source=walk.private).boxes)
        if not public:
            found.append(_private(headers.field("source"), id, vpc_id, "SOURCE", "INGRESS"))
        headers = public or headers
    for receiver in walk.of_vpc(vpc_id) if vpc_id else _all(walk):
        for entered, more in _entered(state, receiver, headers, id):
            step = Step(Hop("gateway", id, "ingress"), headers, entered, (*found, *more))
            for onward in _by_edge(walk, id, receiver, entered):
                yield onward._replace(steps=(step, *onward.steps))


def _all(walk: Walk) -> list[NetworkInterface]:
    return [receiver for receivers in walk.receivers.values() for receiver in receivers]


def _entered(
    state: State, receiver: NetworkInterface, headers: Headers, id: str
) -> Iterator[tuple[Headers, tuple[Blocker, ...]]]:
    """What reaches an interface behind its gateway, with its own addresses for public ones."""
    if headers.version == 6:
        if part := headers.limited(destination=own_ranges(receiver, 6)):
            yield part, ()
        return
    there = False
    for public, private in publics(state, receiver):
        if part := headers.limited(destination=of_block(public)):
            there = True
            yield part.rewritten(destination=of_block(private)), ()
    if not there and receiver.addresses:
        about = {"gateway": id, "vpc": receiver.vpc_id, "interface": receiver.id}
        lacking = blocker("IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS", **about)
        yield headers.rewritten(destination=of_block(receiver.primary)), (lacking,)


def _by_edge(walk: Walk, id: str, receiver: NetworkInterface, headers: Headers) -> Iterator[Onward]:
    """To the interface, or by the route of the gateway's table that its address has."""
    table = edge_table(walk.state, id)
    if table is None:
        yield Onward((), Place("in", receiver.id), headers)
        return
    own = [
        (block, route)
        for block, route in effective(walk.state, table)
        if version_of(block) == headers.version
    ]
    found = [(block, route) for block, route in own if headers.limited(destination=of_block(block))]
    block, route = max(found, key=lambda pair: int(pair[0].partition("/")[2]))
    step = Step(Hop("table", table.id, "ingress", id), headers, headers, (), (block, route))
    if route.kind == "local":
        yield Onward((step,), Place("in", receiver.id), headers)
    elif route.kind == "interface" and walk.state.get(NetworkInterface, route.target):
        yield Onward((step,), Place("in", route.target, "", True), headers)


def over_peering(walk: Walk, id: str, vpc_id: str, headers: Headers) -> Iterator[Onward]:
    """Over a peering connection into the other VPC, where its local routes deliver them, or nothing does."""
    peering = walk.state.need(Peering, id)
    own, other = peering.requester, peering.accepter
    if own.vpc_id != vpc_id:
        own, other = other, own
    found = () if peering.status == "active" else (blocker("BAD_STATE", component=id, state=peering.status),)
    inside = _between(walk.state, own.vpc_id, other.vpc_id, headers)
    if not inside:
        found = (*found, blocker("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR", peering=id, vpc=own.vpc_id))
    inside = inside or headers
    step = Step(Hop("peering", id), headers, inside, found)
    if id in walk.target:
        yield Onward((step,), Place("at", id), inside)
    for receiver in walk.of_vpc(other.vpc_id):
        if part := inside.limited(destination=own_ranges(receiver, headers.version)):
            yield Onward((step._replace(leaving=part),), Place("in", receiver.id), part)


def _between(state: State, one: str, other: str, headers: Headers) -> Headers:
    blocks = [(vpc.cidrs if headers.version == 4 else vpc.cidrs6) if vpc else () for vpc in
              (state.get(Vpc, one), state.get(Vpc, other))]  # fmt: skip
    source, destination = (of_blocks(found, headers.version) for found in blocks)
    return headers.limited(source=source, destination=destination)
