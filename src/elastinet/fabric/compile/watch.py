"""The watch before a queue: while packets are so few that no limit can be reached, they go by it. Pure.

It counts packets, not bits: each range of lengths has a quarter of the limit, as if all of its packets had
the range's greatest length. Example: at 1 Gbit/s, packets of 129 to 1600 bytes have 250 Mbit/s, which are
19,361 a second of 1,614 bytes with the frame. Of 16 such packets 15 pass uncounted (`numgen`), so the counted
ones may be 1,210 a second. The first one above puts its `key` into `hot`: then all packets are queued,
until for a second the rates of `HEATING` were not exceeded.
"""

from collections.abc import Iterator
from typing import NamedTuple

from elastinet.fabric.compile.items import Chain

LENGTHS = ((0, 128, 16), (129, 1600, 16), (1601, 9100, 1), (9101, 65550, 1))
"""From, to, and how many short packets are counted as one: the kernel's count costs more than the rest."""
HEATING = ((0, 1600), (1601, 65550))
"""The same once they are queued: so many keep them there."""
FRAME = 14
BURST_SECONDS, LEAST_BURST = 0.005, 5
LEAST_WATCHED_BPS = 250_000_000
"""Below it the packets that may go by are too few to count."""
HOT_SECONDS = 1
PASS, PASS_MARKED = "accept", "meta mark set 1 accept"


class Watch(NamedTuple):
    """Below which rate packets go by, with what verdict, and with which the others end.

    By `key`, which the packets of one sender or receiver share, the set `hot` knows them. What the chain
    `spared` lets by is never held up.
    """

    name: str
    key: str
    hot: str
    bps: int
    passing: str
    onward: str
    spared: str = ""


def watched(watch: Watch) -> list[Chain]:
    """A chain that lets few packets by, and the one that it sends the others to."""
    name, key, hot, bps, verdict, onward, spared = watch
    heat = f"@{hot} {{ {key} }}"
    ended = (f"jump {spared}",) if spared else ()
    if bps < LEAST_WATCHED_BPS:
        return [Chain(name, (*ended, onward), family="netdev")]
    passing = (f"{rule} {verdict}" for span in LENGTHS for rule in _passing(bps, *span))
    heating = (f"{_of_length(low, high)} {_pace('over ', bps, high)} update {heat}" for low, high in HEATING)
    return [
        Chain(
            name,
            (f"{key} @{hot} goto hot_{name}", *passing, f"update {heat}", f"goto hot_{name}"),
            family="netdev",
        ),
        Chain(f"hot_{name}", (*ended, *heating, onward), family="netdev"),
    ]


def _passing(bps: int, low: int, high: int, each: int) -> Iterator[str]:
    if each > 1:
        yield f"{_of_length(low, high)} numgen inc mod {each} > 0"
    yield f"{_of_length(low, high)} {_pace('', bps, high, each)}"


def _of_length(low: int, high: int) -> str:
    return f"meta length {low}-{high}" if low else f"meta length <= {high}"


def _pace(over: str, bps: int, length: int, each: int = 1) -> str:
    """So many packets of a length that all lengths together stay below the limit."""
    rate = max(1, int(bps / len(LENGTHS) / 8 / (length + FRAME) / each))
    burst = max(LEAST_BURST, int(rate * BURST_SECONDS))
    return f"limit rate {over}{rate}/second burst {burst} packets"
