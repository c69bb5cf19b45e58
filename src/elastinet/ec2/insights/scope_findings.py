"""What an access scope finds in a region: the components of each path, packed to be kept."""

import zlib
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple

import msgspec

from elastinet.catalog.protocols import TCP, UDP
from elastinet.catalog.settings import Outside
from elastinet.ec2.insights.components import Picture
from elastinet.ec2.insights.findings import FORWARDS, middleboxes
from elastinet.ec2.insights.scope_asking import asked, ends_of
from elastinet.model.access_scope import FINDINGS_A_PAGE, AccessScope, Finding
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.closed_outside import no_gateway_leads_to
from elastinet.rules.reachability.headers import Box
from elastinet.rules.reachability.search import Path
from elastinet.rules.scopes.pairs import Pairs
from elastinet.rules.scopes.ways import ways

MOST_FINDINGS = 10_000
"""An analysis has no more (Network Access Analyzer's quotas)."""
MOST_WALKS = 40_000
"""So many pairs of ends are walked; what could not be told before is looked at no longer then."""
MORE = "There may be more findings than these."
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Finding, ...])


class Findings(NamedTuple):
    """The findings of an analysis, in pages, and of how many interfaces they are."""

    interfaces: int
    found: int
    pages: tuple[bytes, ...]
    warning: str


class Search:
    """One analysis of a scope, with the server's way out."""

    def __init__(self, state: State, scope: AccessScope, outside: Outside = "off") -> None:
        self.state, self.scope = state, scope
        self.private = no_gateway_leads_to(outside)[4]
        self.walked = 0
        self.left_out = set[str]()
        self.forwarding: dict[str, None] = {}
        self._seen = set[bytes]()

    def findings(self) -> Findings:
        """All that is found, as far as an analysis goes."""
        found = [*islice(self._components(), MOST_FINDINGS)]
        parts = (found[start : start + FINDINGS_A_PAGE] for start in range(0, len(found), FINDINGS_A_PAGE))
        pages = tuple(zlib.compress(_encoder.encode(part), 1) for part in parts)
        interfaces = self.state.count(NetworkInterface, "scope", self.scope.scope)
        return Findings(interfaces, len(found), pages, " ".join(self._warnings(len(found))))

    def _warnings(self, count: int) -> Iterator[str]:
        if self.forwarding:
            yield FORWARDS.format(ids=", ".join(self.forwarding))
        if count == MOST_FINDINGS or self.walked >= MOST_WALKS:
            yield MORE
        if self.left_out:
            yield f"Not looked at: {', '.join(sorted(self.left_out))}."

    def _components(self) -> Iterator[msgspec.Raw]:
        """The components of each finding, encoded once: to be told from others, and to be kept."""
        for path in self._paths():
            for box in _apart(path.arrived.boxes):
                narrow = path._replace(arrived=path.arrived._replace(boxes=(box,)))
                found = _encoder.encode(Picture(self.state, narrow).components("", ""))
                key = blake2b(found, digest_size=16).digest()
                if key not in self._seen:
                    self._seen.add(key)
                    self.forwarding.update(dict.fromkeys(middleboxes(self.state, path)))
                    yield msgspec.Raw(found)

    def _paths(self) -> Iterator[Path]:
        state, scope = self.state, self.scope.scope
        matches = [asked(state, scope, path) for path in self.scope.match_paths]
        exclusions = [asked(state, scope, path) for path in self.scope.exclude_paths]
        pairs = Pairs(state, ends_of(state, scope), matches, exclusions, self.private)
        for match in matches:
            for protocol in (TCP, UDP):
                for source, target in pairs.of(match, protocol):
                    if self.walked >= MOST_WALKS:
                        return
                    self.walked += 1
                    asked_of = (source, target, match, exclusions, protocol)
                    yield from ways(state, *asked_of, self.left_out, self.private)


def _apart(boxes: Sequence[Box]) -> Iterator[Box]:
    """The boxes that no other one holds."""
    for number, box in enumerate(boxes):
        others = (*boxes[:number], *boxes[number + 1 :])
        if not any(box.meet(other) == box for other in others if other != box):
            yield box


def unpack(page: bytes) -> tuple[Finding, ...]:
    """The findings of a page."""
    return _decoder.decode(zlib.decompress(page))
