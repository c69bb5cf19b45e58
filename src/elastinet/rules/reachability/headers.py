"""Sets of packet headers of one protocol: exact, as boxes of addresses and ports.

A box has every header whose four fields are each in their ranges. ICMP has its type and code, as one number,
where others have their destination port.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from elastinet.catalog.protocols import ICMP, ICMP6
from elastinet.rules.ranges import ADDRESSES, PORTS, Ranges, holds, joined, meet, minus, only

MOST_BOXES = 4096
"""A set of more boxes keeps the first ones, and is a part only: what it lacks may be missed."""
REPLIES = {(ICMP, 8 * 256): 0, (ICMP6, 128 * 256): 129 * 256}
"""The type and code, as one number, of what answers an ICMP message; others are not answered."""


class Header(NamedTuple):
    """One header; addresses are whole numbers."""

    source: int
    destination: int
    sport: int
    dport: int


class Box(NamedTuple):
    """All headers with these sources, destinations and ports."""

    source: Ranges
    destination: Ranges
    sport: Ranges
    dport: Ranges

    def meet(self, other: "Box") -> "Box | None":
        """What both have; None for nothing."""
        found = Box(*map(meet, self, other))
        return found if all(found) else None

    def without(self, other: "Box") -> "Iterator[Box]":
        """What this one has and the other has not, a field at a time."""
        if self.meet(other) is None:
            yield self
            return
        rest = list(self)
        for at, (own, cut) in enumerate(zip(self, other, strict=True)):
            if own != cut and (left := minus(own, cut)):
                yield Box(*(*rest[:at], left, *rest[at + 1 :]))
            rest[at] = meet(own, cut)

    def has(self, header: Header) -> bool:
        """True if a header is one of them."""
        return all(map(holds, self, header))


class Headers(NamedTuple):
    """Headers of one protocol (a number) and one version of IP; too many boxes are told by a part of them."""

    version: int
    protocol: int
    boxes: tuple[Box, ...]
    is_part: bool = False

    @classmethod
    def of(cls, version: int, protocol: int, **fields: Ranges) -> Self:
        """All headers of a protocol, or those with some fields."""
        every = ADDRESSES[version]
        return cls(version, protocol, (Box(every, every, PORTS, PORTS)._replace(**fields),))

    def __bool__(self) -> bool:
        return bool(self.boxes)

    def meet(self, others: Iterable[Box]) -> Self:
        """The headers that are in one of the boxes, too."""
        found = list[Box]()
        for other in others:
            met = [box.meet(other) for box in self.boxes]
            if all(one == box for one, box in zip(met, self.boxes, strict=True)):
                return self
            found += filter(None, met)
        return self._with(found)

    def minus(self, others: Iterable[Box]) -> Self:
        """The headers that are in none of the boxes."""
        left = list(self.boxes)
        for other in others:
            left = [piece for box in left for piece in box.without(other)]
        return self._with(left)

    def limited(self, **fields: Ranges) -> Self:
        """The headers with some fields in ranges."""
        found = (self._limited(box, fields) for box in self.boxes)
        return self._with(box for box in found if all(box))

    @staticmethod
    def _limited(box: Box, fields: dict[str, Ranges]) -> Box:
        found = {name: meet(getattr(box, name), value) for name, value in fields.items()}
        if all(value is getattr(box, name) for name, value in found.items()):
            return box
        return box._replace(**found)

    def rewritten(self, **fields: Ranges) -> Self:
        """The same with other values in some fields, whatever these were."""
        return self._with(box._replace(**fields) for box in self.boxes)

    def _with(self, boxes: Iterable[Box]) -> Self:
        found = tuple(boxes)
        if len(found) > 1:
            found = tuple(dict.fromkeys(found))
        is_part = self.is_part or len(found) > MOST_BOXES
        if found == self.boxes:
            return self
        return self._replace(boxes=found[:MOST_BOXES], is_part=is_part)

    @property
    def turned(self) -> Self:
        """The headers of the answers."""
        icmp = self.protocol in (ICMP, ICMP6)
        found = (self._answer(box) if icmp else Box(*box[1::-1], *box[:1:-1]) for box in self.boxes)
        return self._with(box for box in found if all(box))

    def _answer(self, box: Box) -> Box:
        replies = (only(reply) for (protocol, kind), reply in REPLIES.items()
                   if protocol == self.protocol and holds(box.dport, kind))  # fmt: skip
        return Box(box.destination, box.source, box.sport, next(replies, ()))

    @property
    def sample(self) -> Header:
        """The lowest header of the first box."""
        return Header(*(field[0][0] for field in self.boxes[0]))

    def has(self, header: Header) -> bool:
        """True if a header is one of them."""
        return any(box.has(header) for box in self.boxes)

    def field(self, name: str) -> Ranges:
        """Every value that a field has in one of them."""
        return joined(pair for box in self.boxes for pair in getattr(box, name))


def single(version: int, protocol: int, header: Header) -> Headers:
    """The set of one header."""
    return Headers(version, protocol, (Box(*map(only, header)),))
