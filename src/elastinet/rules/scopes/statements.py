"""What an access scope says of paths: their ends, what packets have there, and what they pass."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from elastinet.rules.ranges import PORTS, Ranges
from elastinet.rules.reachability.headers import Box, Headers

ADDRESSES = ("source", "destination")


@dataclass(frozen=True)
class Side:
    """One end of paths: which it may be, None for any, and the fields that packets have there."""

    ends: frozenset[str] | None = None
    fields: Mapping[str, Ranges] = field(default_factory=dict)
    protocols: frozenset[int] | None = None

    def has(self, end: str) -> bool:
        """True if paths may end there."""
        return self.ends is None or end in self.ends

    def of(self, protocol: int) -> bool:
        """True if it speaks of packets of a protocol."""
        return self.protocols is None or protocol in self.protocols

    @property
    def names_addresses(self) -> bool:
        """True if it asks for addresses."""
        return any(name in self.fields for name in ADDRESSES)

    @property
    def names_source_ports(self) -> bool:
        """True if it leaves some source ports out."""
        return self.fields.get("sport", PORTS) != PORTS


@dataclass(frozen=True)
class ScopePath:
    """Paths from one side to another, by one of each of the sets of `through`."""

    source: Side = Side()
    destination: Side = Side()
    through: tuple[frozenset[str], ...] = ()

    def of(self, protocol: int) -> bool:
        """True if it speaks of packets of a protocol."""
        return self.source.of(protocol) and self.destination.of(protocol)

    def joins(self, source: str, target: str) -> bool:
        """True if paths of its go from one end to another."""
        return self.source.has(source) and self.destination.has(target)


def boxes(version: int, protocol: int, fields: Mapping[str, Ranges]) -> tuple[Box, ...]:
    """The headers that have some fields."""
    return Headers.of(version, protocol, **fields).boxes
