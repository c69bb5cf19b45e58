"""The ways of headers inside a VPC: out of an interface, by neighbours and route tables, and into another."""

from collections.abc import Iterator

from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import EgressOnlyGateway, Subnet, Vpc
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.next_hop import Nowhere, next_hop
from elastinet.rules.prefix_lists import blocks
from elastinet.rules.ranges import meet, of_block, of_blocks
from elastinet.rules.reachability.filters import acl_of, rules_of, through_acl, through_groups
from elastinet.rules.reachability.foreign import through_foreign, unknown
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.outside import leave_by_egress, leave_by_gateway
from elastinet.rules.reachability.steps import Blocker, Direction, Hop, Onward, Place, Step, blocker
from elastinet.rules.reachability.translate import EMBEDDED, translate
from elastinet.rules.reachability.walk import Walk, own_ranges
from elastinet.rules.routing import effective, gateway_of, table_of


def leave(walk: Walk, interface: NetworkInterface, headers: Headers) -> Iterator[Onward]:
    """Out of an interface: its own checks, then wherever its neighbours and its subnet's table lead."""
    steps = [_checked_out(walk.state, interface, headers)]
    if interface.interface_type != "natGateway":
        steps.append(_grouped(walk, interface, steps[-1].leaving, "egress"))
    for onward in _onward(walk, interface, steps[-1].leaving):
        yield onward._replace(steps=(*steps, *onward.steps))


def arrive(walk: Walk, interface: NetworkInterface, place: Place, headers: Headers) -> Iterator[Onward]:
    """Into an interface: the list of its subnet, its groups, its check; then on, if it forwards."""
    steps: list[Step] = []
    if place.sender != interface.subnet_id:
        steps.append(_listed(walk, interface.subnet_id, interface.id, headers, "ingress"))
        headers = steps[-1].leaving
    if interface.interface_type != "natGateway":
        steps.append(_grouped(walk, interface, headers, "ingress"))
        headers = steps[-1].leaving
    steps.append(_checked_in(walk.state, interface, headers))
    headers = steps[-1].leaving
    if interface.interface_type == "natGateway":
        yield from translate(walk, interface, headers, tuple(steps))
    else:
        yield Onward(tuple(steps), Place("out", interface.id), headers)


# --- an interface's own checks --------------------------------------------------------------------


def faults(state: State, interface: NetworkInterface) -> Iterator[Blocker]:
    """What is wrong with an interface itself, so that nothing gets in or out."""
    attachment = interface.attachment
    if not carries_ip(interface):
        yield blocker("UNASSOCIATED_COMPONENT", component=interface.id)
    if attachment is None:
        yield blocker("BAD_STATE_ATTACHMENT", component=interface.id)
        return
    if attachment.status == "detaching":
        yield blocker("BAD_STATE_ATTACHMENT", component=interface.id, attached=attachment.instance_id)
    yield from unknown(state, [attachment.instance_id])
    nat = state.get(NatGateway, attachment.instance_id)
    if nat is not None and not nat.alive:
        yield blocker("BAD_STATE", component=nat.id, state=nat.state)
    instance = state.get(Instance, attachment.instance_id)
    if instance is not None and not instance.alive:
        yield blocker("BAD_STATE", component=instance.id, state=instance.state)
    elif instance is not None and instance.host_failure:
        yield blocker("BAD_STATE", component=instance.id, state=f"impaired: {instance.host_failure}")


def _checked_out(state: State, interface: NetworkInterface, headers: Headers) -> Step:
    found = tuple(faults(state, interface))
    leaving = headers
    if interface.source_dest_check:
        leaving = headers.limited(source=own_ranges(interface, headers.version))
        found = found if leaving else (*found, _check(interface, "source"))
    return Step(Hop("interface", interface.id, "egress"), headers, leaving or headers, found)


def _checked_in(state: State, interface: NetworkInterface, headers: Headers) -> Step:
    found = tuple(faults(state, interface))
    leaving = headers
    if interface.source_dest_check:
        leaving = headers.limited(destination=own_ranges(interface, headers.version))
        found = found if leaving else (*found, _check(interface, "destination"))
    return Step(Hop("interface", interface.id, "ingress"), headers, leaving or headers, found)


def _check(interface: NetworkInterface, field: str) -> Blocker:
    return blocker("ENI_SOURCE_DEST_CHECK_RESTRICTION", component=interface.id, field=field)


def _grouped(walk: Walk, interface: NetworkInterface, headers: Headers, direction: Direction) -> Step:
    hop = Hop("group", interface.id, direction, interface.id)
    if not walk.filtered:
        return Step(hop, headers, headers)
    other = "ingress" if direction == "egress" else "egress"
    known = [box for there in walk.remembered("group", interface.id, other) for box in there.turned.boxes]
    tracked = headers.meet(known)
    leaving = through_groups(walk.state, interface, headers, egress=direction == "egress")
    if tracked:
        leaving = leaving._replace(boxes=tuple(dict.fromkeys((*tracked.boxes, *leaving.boxes))))
    if leaving:
        return Step(hop, headers, leaving)
    where = {"subnet": interface.subnet_id, "vpc": interface.vpc_id, "direction": direction}
    refused = blocker(
        "ENI_SG_RULES_MISMATCH", interface=interface.id, groups=",".join(interface.groups), **where
    )
    found = unknown(walk.state, _spoken_of(walk, interface, direction))
    return Step(hop, headers, headers, (refused, *found))


def _spoken_of(walk: Walk, interface: NetworkInterface, direction: Direction) -> Iterator[str]:
    """The groups of an interface, and the groups and lists that their rules are about."""
    yield from interface.groups
    for rule in rules_of(walk.state, interface, egress=direction == "egress"):
        yield from filter(None, (rule.peer_group, rule.prefix_list))


def _listed(walk: Walk, subnet_id: str, at: str, headers: Headers, direction: Direction) -> Step:
    acl = acl_of(walk.state, subnet_id)
    leaving = through_acl(acl, headers, egress=direction == "egress") if walk.filtered else headers
    hop = Hop("acl", acl.id, direction, at)
    if leaving:
        return Step(hop, headers, leaving)
    where = {"subnet": subnet_id, "vpc": acl.vpc_id, "direction": direction}
    return Step(hop, headers, headers, (blocker("SUBNET_ACL_RESTRICTION", acl=acl.id, **where),))


# --- routes ---------------------------------------------------------------------------------------


def _onward(walk: Walk, interface: NetworkInterface, headers: Headers) -> Iterator[Onward]:
    state, subnet = walk.state, walk.state.need(Subnet, interface.subnet_id)
    for receiver in walk.of_vpc(interface.vpc_id):
        if receiver.subnet_id != subnet.id or receiver.id == interface.id:
            continue
        if part := headers.limited(destination=own_ranges(receiver, headers.version)):
            yield Onward((), Place("in", receiver.id, subnet.id), part)
    table = table_of(state, interface.vpc_id, subnet.id)
    block = subnet.cidr if headers.version == 4 else subnet.cidr6
    for way, route, part in ways(state, table, headers, block):
        hop = Hop("table", table.id, "egress", interface.id)
        step = Step(hop, part, part, tuple(broken(state, table, way, route)), (way, route))
        yield from _sent(walk, interface, step, route, part)
    if not walk.only_open:
        yield from _by_missing_route(walk, interface, table, headers)


def ways(state: State, table: RouteTable, headers: Headers, own: str) -> Iterator[tuple[str, Route, Headers]]:
    """The routes that headers go by: for each address the longest block; the own subnet's is local always."""
    version, left = headers.version, headers
    found = ((block, route) for block, route in effective(state, table) if (":" in block) == (version == 6))
    longest = sorted(found, key=lambda pair: -int(pair[0].partition("/")[2] or 32))
    for block, route in longest:
        at = of_block(block)
        if route.kind != "local" and own and meet(of_block(own), at) == of_block(own):
            continue_with = left.minus(left.limited(destination=of_block(own)).boxes)
            part = continue_with.limited(destination=at)
        else:
            part = left.limited(destination=at)
        if part:
            yield block, route, part
            if part == left:
                return
            left = left.minus(part.boxes)
        if not left:
            return


def broken(state: State, table: RouteTable, block: str, route: Route) -> Iterator[Blocker]:
    """What is wrong with a route itself, so that packets go nowhere by it."""
    hop = next_hop(state, table, route, ipv6=":" in block)
    if not isinstance(hop, Nowhere):
        return
    if hop in (Nowhere.CHECKED, Nowhere.FOREIGN):
        return  # the interface, or the foreign thing, itself says so
    yield blocker("BAD_STATE_ROUTE", table=table.id, route=route.destination, component=route.target)


def _by_route(walk: Walk, interface: NetworkInterface, route: Route, headers: Headers) -> Iterator[Onward]:
    match route.kind:
        case "local":
            yield from _deliver(walk, interface.vpc_id, interface.subnet_id, headers)
        case "nat":
            nat = walk.state.get(NatGateway, route.target)
            if nat is not None and walk.state.get(NetworkInterface, nat.interface_id):
                yield Onward((), Place("in", nat.interface_id, interface.subnet_id, True), headers)
        case "interface":
            if walk.state.get(NetworkInterface, route.target):
                yield Onward((), Place("in", route.target, interface.subnet_id, True), headers)
        case "peering":
            if walk.state.get(Peering, route.target):
                yield Onward((), Place("over", route.target, interface.vpc_id), headers)
        case "gateway":
            yield from leave_by_gateway(walk, interface, route.target, headers)
        case "egress":
            yield from leave_by_egress(walk, interface, route.target, headers)
        case "foreign":
            yield from through_foreign(walk, route.target, headers)


def _deliver(walk: Walk, vpc_id: str, sender: str, headers: Headers) -> Iterator[Onward]:
    for receiver in walk.of_vpc(vpc_id):
        if receiver.subnet_id != sender and (
            part := headers.limited(destination=own_ranges(receiver, headers.version))
        ):
            yield Onward((), Place("in", receiver.id, sender), part)


def _sent(
    walk: Walk, interface: NetworkInterface, step: Step, route: Route, headers: Headers
) -> Iterator[Onward]:
    """By a route, and before it past the list of the sender's subnet, unless they stay in the subnet."""
    steps: tuple[Step, ...] = ()
    if not _stays(walk.state, interface, route):
        steps = (_listed(walk, interface.subnet_id, interface.id, headers, "egress"),)
        headers = steps[0].leaving
    steps = (*steps, step._replace(entering=headers, leaving=headers))
    for onward in _by_route(walk, interface, route, headers):
        yield onward._replace(steps=(*steps, *onward.steps))


def _stays(state: State, interface: NetworkInterface, route: Route) -> bool:
    """True if a route leads to an interface of the sender's own subnet."""
    nat = state.get(NatGateway, route.target)
    target = state.get(NetworkInterface, nat.interface_id if nat else route.target)
    return target is not None and target.subnet_id == interface.subnet_id


# --- routes that are not there --------------------------------------------------------------------


def _by_missing_route(
    walk: Walk, interface: NetworkInterface, table: RouteTable, headers: Headers
) -> Iterator[Onward]:
    """Where a route could lead that the table has not: towards the target, from this VPC."""
    for route in _could(walk, interface, headers):
        taken = list(ways(walk.state, table, headers, ""))
        if any(own.target == route.target for _, own, _ in taken):
            continue
        lacking = blocker(
            "NO_ROUTE_TO_DESTINATION",
            table=table.id,
            vpc=table.vpc_id,
            destination=route.target,
            **_not_taken(walk.state, table, route.target, headers, taken),
        )
        step = Step(Hop("table", table.id, "egress", interface.id), headers, headers, (lacking,))
        yield from _sent(walk, interface, step, route, headers)


def _not_taken(
    state: State, table: RouteTable, target: str, headers: Headers, taken: list[tuple[str, Route, Headers]]
) -> dict[str, str]:
    """The route that leads to a target but is not taken, by its block, and the block of the one that is."""
    leading = [(block, route) for route in table.routes if route.target == target
               for block in blocks(state, route.destination) if ":" not in block]  # fmt: skip
    for block, _ in leading:
        if part := headers.limited(destination=of_block(block)):
            instead = next((won for won, _, other in taken if other.meet(part.boxes)), "")
            return {"route": block, "instead": instead}
    return {"route": leading[0][0]} if leading else {}


def _could(walk: Walk, interface: NetworkInterface, headers: Headers) -> Iterator[Route]:
    state, vpc = walk.state, walk.state.need(Vpc, interface.vpc_id)
    own = of_blocks(vpc.cidrs if headers.version == 4 else vpc.cidrs6, headers.version)
    far = headers.minus(headers.limited(destination=own).boxes)
    if not far:
        return
    if headers.version == 6 and not far.minus(far.limited(destination=EMBEDDED).boxes):
        yield from (
            Route("", "nat", nat.id) for nat in state.where(NatGateway, "vpc-id", vpc.id) if nat.alive
        )
        return
    for peering in state.where(Peering, "vpc-id", vpc.id):
        other = peering.accepter if peering.requester.vpc_id == vpc.id else peering.requester
        if peering.open and (walk.of_vpc(other.vpc_id) or peering.id in walk.target):
            yield Route("", "peering", peering.id)
    if gateway := gateway_of(state, vpc.id):
        yield Route("", "gateway", gateway.id)
        if interface.interface_type != "natGateway" and not walk.is_answer:
            for nat in state.where(NatGateway, "vpc-id", vpc.id):
                itself = table_of(state, vpc.id, nat.subnet_id) == table_of(
                    state, vpc.id, interface.subnet_id
                )
                if nat.alive and nat.connectivity == "public" and not itself:
                    yield Route("", "nat", nat.id)
    for step in walk.passed:
        if step.hop.kind == "foreign":
            yield Route("", "foreign", step.hop.id)
    if headers.version == 6 and not walk.is_answer:
        for egress in state.where(EgressOnlyGateway, "vpc-id", vpc.id):
            yield Route("", "egress", egress.id)
