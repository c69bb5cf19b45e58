"""What a path asks: its ends and its filters as a question to the walk, or what makes it none."""

from elastinet.catalog.protocols import TCP, UDP
from elastinet.ec2.insights.resources import named_id
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.ids import prefix_of
from elastinet.model.insights import FilterPortRange, InsightsPath, PathFilter
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.interfaces import holder, interfaces_of
from elastinet.rules.ranges import Ranges, meet, minus, of_block, only
from elastinet.rules.reachability.question import Question
from elastinet.rules.reachability.steps import Blocker, blocker
from elastinet.rules.reachability.walk import INTERNET, own_ranges

NUMBERS = {"tcp": TCP, "udp": UDP}
End = frozenset[str]


def question_of(
    state: State, path: InsightsPath, through: frozenset[str], closed: frozenset[str], private: Ranges
) -> Question | Blocker:
    """The question of a path, or why it cannot be asked. The internet has no `private` address."""
    source, destination = named_id(path.source), named_id(path.destination)
    begin = _end(state, source, is_source=True)
    if isinstance(begin, Blocker):
        return begin
    fields, arriving = _at_source(path), _at(path.filter_at_destination)
    end = (
        _end(state, destination) if destination else _by_address(state, begin, fields["destination"], private)
    )
    if isinstance(end, Blocker):
        return end
    _of_destination_ip(state, path, end, fields, arriving)
    if bad := _private(source, begin, fields, private) or _private(destination, end, arriving, private):
        return bad
    gateways = [id for id in (source, destination) if prefix_of(id) == "igw"]
    if len(gateways) > 1:
        return blocker("NO_PATH", destination=destination)
    return Question(
        begin,
        end,
        NUMBERS[path.protocol],
        fields=fields,
        arriving=arriving,
        both_ways=path.protocol == "tcp",
        gateway="".join(gateways),
        reflects=False,
        closed=closed,
        through=through,
        private=private,
    )


# --- ends -----------------------------------------------------------------------------------------


def _end(state: State, id: str, *, is_source: bool = False) -> End | Blocker:
    match prefix_of(id):
        case "eni" if interface := state.get(NetworkInterface, id):
            unsupported = blocker("UNSUPPORTED_COMPONENT", component=id)
            return unsupported if interface.interface_type == "natGateway" else frozenset((id,))
        case "i" if state.get(Instance, id):
            own = [i.id for i in interfaces_of(state, id) if own_ranges(i, 4)]
            return frozenset(own) if own else blocker("UNASSOCIATED_COMPONENT", component=id)
        case "igw" if state.get(InternetGateway, id):
            return frozenset((INTERNET,))
        case "pcx" if peering := state.get(Peering, id):
            closed = blocker("BAD_STATE", component=id, state=peering.status)
            return frozenset((id,)) if peering.open else closed
        case "vpce" if endpoint := state.get(VpcEndpoint, id):
            code = "VPCE_INTRA_VPC_TRAFFIC" if is_source else "NO_POSSIBLE_DESTINATION"
            return blocker(code, endpoint=id, vpc=endpoint.vpc_id)
    return blocker("NO_SOURCE_OR_DESTINATION", missing=id)


def _by_address(state: State, begin: End, address: Ranges, private: Ranges) -> End | Blocker:
    """Who has an address: an interface near the source, one that it is a public address of, the internet."""
    number, text = address[0][0], _text(address)
    vpcs = _vpcs(state, begin)
    for vpc_id in vpcs:
        if found := holder(state, vpc_id, text):
            return frozenset((found.id,))
    lent = state.where(NetworkInterface, "public-ip", text)
    elastic = (a.interface_id for a in state.where(Address, "public-ip", text) if a.interface_id)
    if found_id := next((i.id for i in lent), None) or next(elastic, None):
        return frozenset((found_id,))
    if meet(private, only(number)) or INTERNET in begin:
        return blocker("NO_POSSIBLE_DESTINATION", vpc=next(iter(vpcs), ""), address=text)
    return frozenset((INTERNET,))


def _vpcs(state: State, begin: End) -> list[str]:
    """The VPCs of some interfaces, then those that are peered with them."""
    own = [i.vpc_id for id in sorted(begin) if (i := state.get(NetworkInterface, id))]
    peerings = [p for vpc in own for p in state.where(Peering, "vpc-id", vpc)]
    peerings += [p for id in begin if (p := state.get(Peering, id))]
    sides = (side.vpc_id for p in peerings if p.open for side in (p.requester, p.accepter))
    return list(dict.fromkeys((*own, *sides)))


# --- what packets have ----------------------------------------------------------------------------


def _at_source(path: InsightsPath) -> dict[str, Ranges]:
    found = _at(path.filter_at_source)
    if path.source_ip:
        found["source"] = of_block(path.source_ip)
    if path.destination_port is not None:
        found["dport"] = only(path.destination_port)
    return found


def _at(given: PathFilter | None) -> dict[str, Ranges]:
    """A filter as the fields of headers."""
    if given is None:
        return {}
    blocks = {"source": given.source_address, "destination": given.destination_address}
    ports = {"sport": given.source_port_range, "dport": given.destination_port_range}
    found = {name: of_block(block) for name, block in blocks.items() if block}
    return found | {name: _ports(one) for name, one in ports.items() if one}


def _ports(given: FilterPortRange) -> Ranges:
    return ((given.from_port, given.to_port),)


def _of_destination_ip(
    state: State, path: InsightsPath, end: End, fields: dict[str, Ranges], arriving: dict[str, Ranges]
) -> None:
    """The destination's address: one of its own is what arrives there, a public one what is sent."""
    if not path.destination_ip:
        return
    wanted = of_block(path.destination_ip)
    interfaces = [i for id in end if (i := state.get(NetworkInterface, id))]
    is_own = any(meet(own_ranges(interface, 4), wanted) for interface in interfaces)
    (arriving if is_own or not interfaces else fields)["destination"] = wanted


def _private(id: str, end: End, fields: dict[str, Ranges], private: Ranges) -> Blocker | None:
    """An address that no internet gateway has to do with, asked for at one."""
    if INTERNET not in end:
        return None
    for value in (fields.get("source"), fields.get("destination")):
        if value and not minus(value, private):
            return blocker("IGW_EXPECTS_PUBLIC_ADDRESS", gateway=id, address=_text(value))
    return None


def _text(address: Ranges) -> str:
    return ".".join(str(address[0][0] >> shift & 255) for shift in (24, 16, 8, 0))
