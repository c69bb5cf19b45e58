"""Where a region's interfaces are, as sets of points: subnets, VPCs, classes that filters treat alike."""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from elastinet.model.acl import NetworkAcl
from elastinet.model.interface import NetworkInterface
from elastinet.model.routes import Route, RouteTable
from elastinet.model.state import State
from elastinet.model.vpc import Subnet
from elastinet.rules.ranges import ADDRESSES, meet, of_block
from elastinet.rules.reachability.filters import acl_of
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.inside import broken, faults, ways
from elastinet.rules.reachability.walk import own_ranges, publics
from elastinet.rules.routing import edge_table, effective, table_of
from elastinet.rules.scopes.points import Line, Mask

Groups = tuple[str, ...]


class Way(NamedTuple):
    """A route that works, and the points that go by it."""

    route: Route
    points: Mask


class Layout:
    """The places of the points of a line; interfaces that nothing gets into or out of have none."""

    def __init__(self, state: State, line: Line) -> None:
        self.state, self.line = state, line
        self.subnets: dict[str, dict[Groups, Mask]] = defaultdict(dict)
        self.vpcs: dict[str, Mask] = defaultdict(int)
        self._points: dict[str, Mask] = defaultdict(int)
        self.public: Mask = 0
        """The points with a public address."""
        self.by_public: dict[str, Mask] = defaultdict(int)
        self.acls: dict[str, NetworkAcl] = {}
        self._ways: dict[tuple[str, str], tuple[Way, ...]] = {}
        self._of_subnet: dict[str, tuple[Way, ...]] = {}
        for interface in state.all(NetworkInterface):
            if self.is_open(interface):
                self._place(interface)

    def is_open(self, interface: NetworkInterface) -> bool:
        """True if packets get into an interface and out of it, as far as it goes itself."""
        return next(faults(self.state, interface), None) is None

    def _place(self, interface: NetworkInterface) -> None:
        own = self.line.of(interface.id)
        for public, private in publics(self.state, interface):
            self.by_public[public] |= own & self.line.within(of_block(private))
            self.public |= self.by_public[public]
        if interface.interface_type != "natGateway":
            classes = self.subnets[interface.subnet_id]
            classes[interface.groups] = classes.get(interface.groups, 0) | own
            self._points[interface.subnet_id] |= own
            self.vpcs[interface.vpc_id] |= own

    @cached_property
    def arrivals(self) -> dict[tuple[str, Groups], Mask]:
        """The points of interfaces that list and groups treat alike."""
        found: dict[tuple[str, Groups], Mask] = defaultdict(int)
        for subnet, classes in self.subnets.items():
            for groups, mask in classes.items():
                found[self.acl(subnet).id, groups] |= mask
        return found

    def acl(self, subnet: str) -> NetworkAcl:
        """The list of a subnet."""
        if subnet not in self.acls:
            self.acls[subnet] = acl_of(self.state, subnet)
        return self.acls[subnet]

    def vpc_of(self, subnet: str) -> str:
        """The VPC of a subnet."""
        return self.state.need(Subnet, subnet).vpc_id

    def points_of(self, subnet: str) -> Mask:
        """The points in a subnet."""
        return self._points.get(subnet, 0)

    def with_public(self, addresses: "tuple[tuple[int, int], ...]") -> Mask:
        """The points whose public addresses are in ranges."""
        found = 0
        for public, mask in self.by_public.items():
            if meet(of_block(public), addresses):
                found |= mask
        return found

    # --- tables -----------------------------------------------------------------------------------

    def ways(self, subnet_id: str) -> tuple[Way, ...]:
        """The routes that packets out of a subnet go by; the same object for subnets with the same ones."""
        if subnet_id not in self._of_subnet:
            self._of_subnet[subnet_id] = self._find_ways(subnet_id)
        return self._of_subnet[subnet_id]

    def _find_ways(self, subnet_id: str) -> tuple[Way, ...]:
        subnet = self.state.need(Subnet, subnet_id)
        table = table_of(self.state, subnet.vpc_id, subnet_id)
        own = subnet.cidr if self._goes_round(table, subnet) else ""
        key = (table.id, own)
        if key not in self._ways:
            whole = Headers.of(4, 6)
            found = ways(self.state, table, whole, own)
            self._ways[key] = tuple(
                Way(route, self.line.within(part.field("destination")))
                for block, route, part in found
                if next(broken(self.state, table, block, route), None) is None
            )
        return self._ways[key]

    def _goes_round(self, table: RouteTable, subnet: Subnet) -> bool:
        """True if a route of the VPC's inside would take what is for the subnet itself."""
        own = of_block(subnet.cidr) if subnet.cidr else ()
        blocks = (of_block(b) for b, r in effective(self.state, table) if r.kind != "local" and ":" not in b)
        around = [block for block in blocks if own and meet(block, own) == own]
        return any(block != ADDRESSES[4] for block in around)

    def edge(self, gateway: str) -> tuple[Way, ...] | None:
        """The routes by which a gateway sends what comes in, if it has a table."""
        table = edge_table(self.state, gateway)
        if table is None:
            return None
        found, left = list[Way](), self.line.every
        own = [(block, route) for block, route in effective(self.state, table) if ":" not in block]
        for block, route in sorted(own, key=lambda pair: -int(pair[0].partition("/")[2])):
            part = left & self.line.within(of_block(block))
            found.append(Way(route, part))
            left ^= part
        return tuple(found)

    def reached_at(self, interface: NetworkInterface) -> Mask:
        """The points by which an interface is known: its own addresses, and public ones that lead to it."""
        found = self.line.within(own_ranges(interface, 4)) & self.line.of(interface.id)
        for public, _ in publics(self.state, interface):
            found |= self.line.within(of_block(public))
        return found
