"""What reaches what at one range of ports: sets of sources that go the same way, walked to all they reach.

Every filter judges a packet by its source alone or by its destination alone, so what is left of a set of
sources and a set of destinations is such a pair of sets again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.routes import Route
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Vpc
from elastinet.rules.ranges import Range, of_block, of_blocks
from elastinet.rules.reachability.walk import INTERNET, own_ranges
from elastinet.rules.scopes.filters import Filters
from elastinet.rules.scopes.layout import Groups, Layout, Way
from elastinet.rules.scopes.points import Mask


class Hit(NamedTuple):
    """Sources all of which reach all targets: at their own points, or at the `end` that has none.

    `begin` is the gateway or peering connection that they come in by. It is `straight` if nobody on the way
    has forwarded it, so that its addresses are those of its ends.
    """

    sources: Mask
    targets: Mask
    begin: str = ""
    end: str = ""
    straight: bool = True


class Flow(NamedTuple):
    """Packets on their way: where they began, what they are for, the NAT gateway's point that they show."""

    sources: Mask
    wanted: Mask
    begin: str = ""
    shown: Mask = 0
    straight: bool = True

    def __bool__(self) -> bool:
        return bool(self.sources and self.wanted)

    def by(self, mask: Mask) -> "Flow":
        """Those whose source is in a set."""
        if not self.shown:
            return self._replace(sources=self.sources & mask)
        return self if self.shown & mask else self._replace(sources=0)

    def to(self, mask: Mask) -> "Flow":
        """Those for a set of destinations."""
        return self._replace(wanted=self.wanted & mask)

    def hit(self, targets: Mask, end: str = "") -> Hit:
        """What these have reached."""
        return Hit(self.sources, targets, self.begin, end, self.straight)

    def within(self, other: "Flow") -> bool:
        """True if all of these are among others."""
        same = (self.begin, self.shown) == (other.begin, other.shown)
        return same and not self.sources & ~other.sources and not self.wanted & ~other.wanted


Arrivals = list[tuple[NetworkAcl, Mask, Mask]]
"""Lists, the sources that groups behind them let in, and the points that these are of."""


class Begins:
    """The interfaces that packets begin at, by their groups and their subnets; asked at many ports."""

    def __init__(self, layout: Layout, sources: Mask) -> None:
        self.by_groups: dict[Groups, dict[str, Mask]] = defaultdict(dict)
        self._merged: dict[tuple[Groups, ...], dict[str, Mask]] = {}
        for subnet, classes in layout.subnets.items():
            for groups, mask in classes.items():
                if own := mask & sources:
                    self.by_groups[groups][subnet] = own

    def subnets(self, several: tuple[Groups, ...]) -> dict[str, Mask]:
        """The points of those with some groups, by their subnets."""
        if several not in self._merged:
            found: dict[str, Mask] = defaultdict(int)
            for groups in several:
                for subnet, mask in self.by_groups[groups].items():
                    found[subnet] |= mask
            self._merged[several] = found
        return self._merged[several]


class Flood:
    """All that packets to a range of ports reach; `ends` are those that are asked about."""

    def __init__(self, layout: Layout, filters: Filters, atom: Range, ends: frozenset[str]) -> None:
        self.layout, self.filters, self.atom, self.ends = layout, filters, atom, ends
        self.state: State = layout.state
        self._arrivals = [*self._arrive()]
        self._seen: dict[str, list[Flow]] = defaultdict(list)

    def _arrive(self) -> Iterator[tuple[NetworkAcl, Mask, Mask]]:
        acls = {acl.id: acl for acl in map(self.layout.acl, self.layout.subnets)}
        alike: dict[tuple[str, Mask], Mask] = defaultdict(int)
        for (acl, groups), mask in self.layout.arrivals.items():
            alike[acl, self._let(groups, egress=False)] |= mask
        yield from ((acls[acl], sources, mask) for (acl, sources), mask in alike.items() if sources)

    def _let(self, groups: Groups, *, egress: bool) -> Mask:
        return self.filters.let(groups, egress=egress, atom=self.atom)

    def _listed(self, acl: NetworkAcl, *, egress: bool) -> Mask:
        return self.filters.listed(acl, egress=egress, atom=self.atom)

    # --- where packets begin ----------------------------------------------------------------------

    def from_interfaces(self, begins: "Begins", wanted: Mask) -> Iterator[Hit]:
        """What interfaces reach, those together whose groups let out the same."""
        alike: dict[Mask, list[Groups]] = defaultdict(list)
        for groups in begins.by_groups:
            if out := self._let(groups, egress=True) & wanted:
                alike[out].append(groups)
        for out, several in alike.items():
            yield from self._from_subnets(begins.subnets(tuple(several)), out)

    def _from_subnets(self, subnets: dict[str, Mask], wanted: Mask) -> Iterator[Hit]:
        whole = 0
        for mask in subnets.values():
            whole |= mask
        likely = [one for one in self._arrivals if one[1] & whole and one[2] & wanted]
        alike: dict[tuple[str, str, int], tuple[str, Mask]] = {}
        for subnet, mask in subnets.items():
            if wanted & self.layout.points_of(subnet):
                yield from self._near(Flow(mask, wanted), subnet)
            key = (self.layout.vpc_of(subnet), self.layout.acl(subnet).id, id(self.layout.ways(subnet)))
            alike[key] = (subnet, alike.get(key, ("", 0))[1] | mask)
        for (vpc, _, _), (subnet, mask) in alike.items():
            acl, ways = self.layout.acl(subnet), self.layout.ways(subnet)
            self._seen.clear()
            yield from self._routed(Flow(mask, wanted), vpc, acl, ways, likely)

    def from_gateway(self, id: str, sources: Mask, wanted: Mask) -> Iterator[Hit]:
        """What comes in by an internet gateway reaches; `wanted` are points with public addresses."""
        gateway = self.state.get(InternetGateway, id)
        if gateway is None or not gateway.vpc_id:
            return
        flow = Flow(sources & self.layout.line.of(INTERNET), wanted & self.layout.public, id)
        flow = flow.to(self.layout.vpcs.get(gateway.vpc_id, 0))
        ways = self.layout.edge(id)
        self._seen.clear()
        if ways is None:
            yield from self._deliver(flow, self._arrivals)
        for way in ways or ():
            part = flow.to(way.points)
            if way.route.kind == "local":
                yield from self._deliver(part, self._arrivals)
            elif way.route.kind == "interface":
                yield from self._enter(part, way.route.target, near=False)

    def from_peering(self, id: str, sources: Mask, wanted: Mask) -> Iterator[Hit]:
        """What comes over a peering connection reaches, from either side."""
        peering = self.state.get(Peering, id)
        for side in (peering.requester, peering.accepter) if peering else ():
            far = self.layout.line.within(of_blocks(side.cidrs, 4)) & self.layout.line.of(id)
            yield from self._over(Flow(sources & far, wanted, id), id, side.vpc_id, self._arrivals)

    # --- where they go ----------------------------------------------------------------------------

    def _near(self, flow: Flow, subnet: str) -> Iterator[Hit]:
        """To neighbours: neither list nor table is asked."""
        for groups, mask in self.layout.subnets.get(subnet, {}).items():
            if mask & flow.wanted:
                part = flow.by(self._let(groups, egress=False))
                if part:
                    yield part.hit(mask & flow.wanted)

    def _deliver(self, flow: Flow, arrivals: Arrivals) -> Iterator[Hit]:
        for acl, sources, mask in arrivals if flow else ():
            targets = mask & flow.wanted
            if targets and (part := flow.by(sources)) and (part := part.by(self._listed(acl, egress=False))):
                yield part.hit(targets)

    def _routed(
        self,
        flow: Flow,
        vpc: str,
        acl: NetworkAcl,
        ways: Iterable[Way],
        arrivals: Arrivals,
        subnet: str = "",
    ) -> Iterator[Hit]:
        """By the routes of a subnet, past its list; `subnet` is that of who forwards.

        What a local route leads to in the sender's own subnet its neighbours' way has reached before.
        """
        listed = flow.to(self._listed(acl, egress=True))
        for way in ways:
            route, part = way.route, listed.to(way.points)
            if route.kind in ("nat", "interface"):
                yield from self._forward(flow.to(way.points), part, route, subnet)
            elif not part:
                continue
            elif route.kind == "local":
                yield from self._deliver(part.to(self.layout.vpcs.get(vpc, 0)), arrivals)
            elif route.kind == "peering":
                yield from self._over(part, route.target, vpc, arrivals)
            elif route.kind == "gateway":
                yield from self._out(part, route.target, vpc)

    def _forward(self, flow: Flow, listed: Flow, route: Route, subnet: str) -> Iterator[Hit]:
        """To an interface that forwards: from its own subnet past no list."""
        nat = self.state.get(NatGateway, route.target) if route.kind == "nat" else None
        found = self.state.get(NetworkInterface, nat.interface_id if nat else route.target)
        if found is None:
            return
        if subnet:
            near = subnet == found.subnet_id
            yield from self._enter(flow if near else listed, found.id, near=near)
            return
        inside = self.layout.points_of(found.subnet_id)
        yield from self._enter(flow.by(inside), found.id, near=True)
        yield from self._enter(listed.by(~inside), found.id, near=False)

    def _over(self, flow: Flow, id: str, vpc: str, arrivals: Arrivals) -> Iterator[Hit]:
        peering, line = self.state.need(Peering, id), self.layout.line
        own, other = peering.requester, peering.accepter
        if own.vpc_id != vpc:
            own, other = other, own
        blocks = [found.cidrs if (found := self.state.get(Vpc, side.vpc_id)) else () for side in (own, other)]
        source, target = (line.within(of_blocks(found, 4)) for found in blocks)
        flow = flow.by(source).to(target)
        if not flow or peering.status != "active":
            return
        if id in self.ends and id != flow.begin and (there := flow.wanted & line.of(id)):
            yield flow.hit(there, id)
        yield from self._deliver(flow.to(self.layout.vpcs.get(other.vpc_id, 0)), arrivals)

    def _out(self, flow: Flow, id: str, vpc: str) -> Iterator[Hit]:
        gateway = self.state.get(InternetGateway, id)
        if id not in self.ends or gateway is None or gateway.vpc_id != vpc:
            return
        if flow := flow.by(self.layout.public).to(self.layout.line.of(INTERNET)):
            yield flow.hit(flow.wanted, id)

    # --- interfaces that forward ------------------------------------------------------------------

    def _enter(self, flow: Flow, id: str, *, near: bool) -> Iterator[Hit]:
        """Into an interface that a route leads to, and on."""
        interface = self.state.need(NetworkInterface, id)
        if not near:
            flow = flow.by(self._listed(self.layout.acl(interface.subnet_id), egress=False))
        is_nat = interface.interface_type == "natGateway"
        if not is_nat:
            flow = flow.by(self._let(interface.groups, egress=False))
        if not flow or not self.layout.is_open(interface):
            return
        own = self.layout.line.within(own_ranges(interface, 4))
        if interface.source_dest_check:
            flow = flow.to(own)
        flow = flow._replace(straight=False)
        if is_nat:
            flow = self._translated(flow, interface)
        elif id in self.ends and (there := flow.wanted & self.layout.reached_at(interface)):
            yield flow.hit(there, id)
        if flow and not any(flow.within(other) for other in self._seen[id]):
            self._seen[id].append(flow)
            yield from self._leave(flow, interface)

    def _translated(self, flow: Flow, interface: NetworkInterface) -> Flow:
        nat = next(self.state.where(NatGateway, "interface-id", interface.id), None)
        if nat is None or not nat.private_ip:
            return flow._replace(sources=0)
        line = self.layout.line
        flow = flow.by(line.within(of_blocks(self.state.need(Vpc, nat.vpc_id).cidrs, 4)))
        return flow._replace(shown=line.within(of_block(nat.private_ip)) & line.of(interface.id))

    def _leave(self, flow: Flow, interface: NetworkInterface) -> Iterator[Hit]:
        if interface.source_dest_check:
            flow = flow.by(self.layout.line.within(own_ranges(interface, 4)))
        if interface.interface_type != "natGateway":
            flow = flow.to(self._let(interface.groups, egress=True))
        if flow:
            subnet = interface.subnet_id
            yield from self._near(flow, subnet)
            acl, ways = self.layout.acl(subnet), self.layout.ways(subnet)
            yield from self._routed(flow, interface.vpc_id, acl, ways, self._arrivals, subnet)
