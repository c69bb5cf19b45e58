"""The pairs of ends between which a scope may have findings, found for all of a region at once.

What cannot be told by sets of points is left in: exclusions of what somebody has forwarded, by its addresses,
and of source ports. The walk of each pair decides.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

from elastinet.model.ids import prefix_of
from elastinet.model.state import State
from elastinet.rules.ranges import ADDRESSES, PORTS, Range, Ranges, meet
from elastinet.rules.reachability.walk import INTERNET, PRIVATE
from elastinet.rules.scopes.filters import Filters
from elastinet.rules.scopes.flood import Begins, Flood, Hit
from elastinet.rules.scopes.layout import Layout
from elastinet.rules.scopes.points import Line, Mask
from elastinet.rules.scopes.statements import ScopePath, Side

MOST_HITS = 20_000
"""So many sets of pairs are kept, to take one pair of each before a second one of any."""
Pair = tuple[str, str]


class Ends(NamedTuple):
    """The ends that paths of a region may have."""

    interfaces: frozenset[str]
    gateways: frozenset[str]
    peerings: frozenset[str]

    def of(self, side: Side) -> "Ends":
        """Those of one side of a path."""
        return self if side.ends is None else Ends(*(kind & side.ends for kind in self))

    @property
    def every(self) -> frozenset[str]:
        """All of them."""
        return self.interfaces | self.gateways | self.peerings


class Pairs:
    """The pairs of a region's ends, for one scope."""

    def __init__(
        self,
        state: State,
        ends: Ends,
        matches: Sequence[ScopePath],
        exclusions: Sequence[ScopePath],
        private: Ranges = PRIVATE,
    ) -> None:
        self.state, self.ends, self.matches, self.exclusions = state, ends, matches, exclusions
        sides = [side for path in (*matches, *exclusions) for side in (path.source, path.destination)]
        asked = {
            id
            for path in matches
            for side in (path.source, path.destination)
            for id in ends.of(side).peerings
        }
        addresses = [
            side.fields[name] for side in sides for name in ("source", "destination") if name in side.fields
        ]
        self._ports = [side.fields["dport"] for side in sides if "dport" in side.fields]
        self.line = Line(state, sorted(asked), addresses, private)
        self.layout = Layout(state, self.line)
        self._filters: dict[int, Filters] = {}
        self._of_ends: dict[frozenset[str], Mask] = {}

    def of(self, match: ScopePath, protocol: int) -> Iterator[Pair]:
        """The pairs of a match: of each set of alike ones the first, then the second, and so on."""
        hits = list[Hit]()
        seen = set[Pair]()
        for hit in dict.fromkeys(self.hits(match, protocol)):
            hits.append(hit)
            yield from self._new(seen, self._first(hit))
            if len(hits) == MOST_HITS:
                break
        rest = [self._pairs(hit) for hit in hits]
        while rest:
            going = list[Iterator[Pair]]()
            for pairs in rest:
                if pair := next(pairs, None):
                    yield from self._new(seen, pair)
                    going.append(pairs)
            rest = going

    def _first(self, hit: Hit) -> Pair | None:
        """One pair of a set, found without making a list of all its ends."""
        source = hit.begin or self.line.first_owner(hit.sources)
        target = hit.end or self.line.first_owner(hit.targets)
        return (source, target) if source != target else next(self._pairs(hit), None)

    @staticmethod
    def _new(seen: set[Pair], pair: Pair | None) -> Iterator[Pair]:
        if pair is not None and pair not in seen:
            seen.add(pair)
            yield pair

    def _pairs(self, hit: Hit) -> Iterator[Pair]:
        """The pairs of a set, each target once before any is there twice."""
        sources = [hit.begin] if hit.begin else self.line.owners(hit.sources)
        targets = [hit.end] if hit.end else self.line.owners(hit.targets)
        for shift in range(len(sources)):
            for number, target in zip(count(shift), targets):
                source = sources[number % len(sources)]
                if source != target:
                    yield source, target

    # --- hits -------------------------------------------------------------------------------------

    def hits(self, match: ScopePath, protocol: int) -> Iterator[Hit]:
        """Sets of sources and targets of a match that no exclusion has."""
        cuts = [one for one in self.exclusions if one.of(protocol) and not one.through]
        atoms = self._atoms(match, protocol) if match.of(protocol) else ()
        for atom, hit in self._reached(match, protocol, atoms):
            if (arrived := self._arrived(match, hit)).sources and arrived.targets:
                yield from self._kept(arrived, atom, cuts)

    def _atoms(self, match: ScopePath, protocol: int) -> Iterator[Range]:
        if protocol not in self._filters:
            self._filters[protocol] = Filters(self.state, self.line, protocol, self._ports)
        wanted = meet(*(side.fields.get("dport", PORTS) for side in (match.source, match.destination)))
        yield from (atom for atom in self._filters[protocol].atoms if meet(wanted, (atom,)))

    def _reached(
        self, match: ScopePath, protocol: int, atoms: Iterable[Range]
    ) -> Iterator[tuple[Range, Hit]]:
        """What all sources of a match reach, at each range of ports."""
        begin, end = self.ends.of(match.source), self.ends.of(match.destination)
        sources, targets = self._at(match.source, "source"), self.line.of_all(end.interfaces)
        begins = Begins(self.layout, self.line.of_all(begin.interfaces) & sources)
        outside = self.line.of_all(end.peerings) | self.line.of(INTERNET)
        wanted = (targets | outside) & self._at(match.source, "destination")
        public = targets & self._at(match.source, "destination", public=True)
        for atom in atoms:
            flood = Flood(self.layout, self._filters[protocol], atom, end.every)
            ways = [flood.from_interfaces(begins, wanted)]
            ways += [flood.from_peering(id, sources, wanted) for id in sorted(begin.peerings)]
            ways += [flood.from_gateway(id, sources, public) for id in sorted(begin.gateways)]
            yield from ((atom, hit) for hits in ways for hit in hits)

    def _arrived(self, match: ScopePath, hit: Hit) -> Hit:
        """What has at its target what a match asks for there."""
        if not hit.straight:
            return hit
        side = match.destination
        sources = hit.sources & self._at(side, "source", public=prefix_of(hit.end) == "igw")
        return hit._replace(sources=sources, targets=hit.targets & self._at(side, "destination"))

    def _at(self, side: Side, field: str, *, public: bool = False) -> Mask:
        """The points with the addresses that a side asks for; or with such public ones."""
        wanted: Ranges = side.fields.get(field, ADDRESSES[4])
        if wanted == ADDRESSES[4]:
            return self.line.every
        return self.layout.with_public(wanted) if public else self.line.within(wanted)

    # --- exclusions -------------------------------------------------------------------------------

    def _kept(self, hit: Hit, atom: Range, cuts: Sequence[ScopePath]) -> Iterator[Hit]:
        left = [hit]
        for cut in cuts:
            left = [part for one in left for part in self._without(one, atom, cut)]
        yield from left

    def _without(self, hit: Hit, atom: Range, cut: ScopePath) -> Iterator[Hit]:
        gone = self._gone(hit, atom, cut)
        if gone is None:
            yield hit
            return
        sources, targets = gone
        if some := hit.sources & ~sources:
            yield hit._replace(sources=some)
        if (some := hit.targets & ~targets) and hit.sources & sources:
            yield hit._replace(sources=hit.sources & sources, targets=some)

    def _gone(self, hit: Hit, atom: Range, cut: ScopePath) -> tuple[Mask, Mask] | None:
        """The sources and targets that an exclusion takes away, where that can be told here."""
        sides = (cut.source, cut.destination)
        if any(side.names_source_ports or (side.names_addresses and not hit.straight) for side in sides):
            return None
        if not all(meet(side.fields.get("dport", PORTS), (atom,)) for side in sides):
            return None
        sources, targets = self._of_end(cut.source, hit.begin), self._of_end(cut.destination, hit.end)
        if hit.straight:
            comes, goes = prefix_of(hit.begin) == "igw", prefix_of(hit.end) == "igw"
            sources &= self._at(cut.source, "source") & self._at(cut.destination, "source", public=goes)
            targets &= self._at(cut.source, "destination", public=comes) & self._at(
                cut.destination, "destination"
            )
        return sources, targets

    def _of_end(self, side: Side, end: str) -> Mask:
        """The points that belong to a side's ends: all, where packets come in or end at one of them."""
        if side.ends is None:
            return self.line.every
        if end:
            return self.line.every if end in side.ends else 0
        if side.ends not in self._of_ends:
            self._of_ends[side.ends] = self.line.of_all(self.ends.interfaces & side.ends)
        return self._of_ends[side.ends]
