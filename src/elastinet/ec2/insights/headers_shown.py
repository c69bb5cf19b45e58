"""The headers of a path at each of its components: those of one box that get through all of them."""

from functools import lru_cache

from elastinet.catalog.network import PRIVATE_BLOCKS
from elastinet.model.insights import PacketHeader, PortRange
from elastinet.rules.closed_outside import no_gateway_leads_to
from elastinet.rules.ranges import ADDRESSES as ALL
from elastinet.rules.ranges import PORTS, Ranges, blocks_of, minus, of_blocks
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Step
from elastinet.rules.reachability.walk import PRIVATE

At = tuple[Headers, Headers]
"""What enters a component and what leaves it."""
INTERNET = {
    minus(ALL[4], PRIVATE): minus(
        ALL[4], of_blocks((b for blocks in PRIVATE_BLOCKS.values() for b in blocks), 4)
    ),
    minus(ALL[4], no_gateway_leads_to("lan")[4]): ALL[4],
}
"""The internet, and as findings show it: with the loopback and the link's addresses, which no packet has."""


def along(path: Path, *, back: bool) -> list[At]:
    """The headers before and behind each step, told from those that arrive: their first box alone."""
    later, found = path.arrived._replace(boxes=path.arrived.boxes[:1]), list[At]()
    for step in reversed(path.steps):
        entering = _before(step, later, changed(step, back=back))
        found.append((entering, later))
        later = entering
    return found[::-1]


def changed(step: Step, *, back: bool) -> tuple[str, ...]:
    """The fields of headers that a step writes anew."""
    match step.hop.kind, step.hop.direction:
        case "nat", _:
            return ("destination", "dport") if back else ("source", "sport")
        case "gateway", "egress":
            return ("source",)
        case "gateway", "ingress":
            return ("destination",)
    return ()


def _before(step: Step, leaving: Headers, written: tuple[str, ...]) -> Headers:
    return leaving.rewritten(**{name: step.entering.field(name) for name in written})


def shown(headers: Headers, only: tuple[str, ...] = ()) -> PacketHeader:
    """Headers as the API shows them, or some of their fields."""

    def addresses(name: str) -> tuple[str, ...]:
        if only and name not in only:
            return ()
        return _blocks(headers.field(name))

    def ports(name: str) -> tuple[PortRange, ...]:
        return _ports(headers.field(name)) if not only or name in only else ()

    return PacketHeader(
        "" if only else str(headers.protocol),
        addresses("source"),
        ports("sport"),
        addresses("destination"),
        ports("dport"),
    )


@lru_cache(maxsize=1 << 12)
def _blocks(found: Ranges) -> tuple[str, ...]:
    return tuple(sorted(blocks_of(INTERNET.get(found, found), 4)))


def _ports(ranges: Ranges) -> tuple[PortRange, ...]:
    return tuple(PortRange(low, high) for low, high in ranges or PORTS)
