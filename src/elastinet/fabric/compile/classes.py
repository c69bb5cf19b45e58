"""The classes of an instance's queue, one for each limit, in which packets wait for their turn. Pure."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from elastinet.fabric.compile.items import Class, Item, Queue
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.messages import FLOW, INSTANCE, INTERNET_GATEWAY
from elastinet.fabric.contract.objects import BandwidthLimits


class ClassStats(Struct, frozen=True):
    """Counters of a class: what it let through, bytes that wait, packets dropped, how often some waited."""

    bytes: int
    packets: int
    waiting_bytes: int
    dropped: int
    waited: int


Queues = Mapping[str, Mapping[int, tuple[int, ClassStats]]]
"""By device and number of the class: its parent's number, and its counters."""

OUT, IN, GATEWAY_IN = 1, 2, 3
"""Classes, seen from the instance. What enters and was not put in a class is in IN."""
CARD = 0x100
FLOWS, GATEWAY_FLOWS = 0x1000, 0xF000
EACH_FLOW_LIMIT = 0x1000
SLOTS = range(16, 65)
SLOTS_EACH = 8
"""So many flows have a class each for every one that it takes to reach the limit of them all."""
BORROWED = 4096
"""A class under another has this part of its limit for itself, and borrows the rest."""


def tree(item: BandwidthLimits, view: CompileView) -> Iterator[Class]:
    """All classes of an instance's queue."""
    name = names.queue(item.id)
    most = view.rate_bps(item, "out")
    yield limit_class(name, OUT, 0, most)
    yield limit_class(name, IN, 0, view.rate_bps(item, "in"))
    for card, allowance in enumerate(item.cards):
        yield limit_class(name, CARD + card, OUT, min(allowance.peak, most))
    for card in range(max(1, len(item.cards))):
        for index, flow_bps in enumerate(flow_limits(item)):
            yield from _slots(item, first(item, card, index), outlet(item, card), flow_bps)
    if limits_gateway(item):
        yield limit_class(name, GATEWAY_IN, 0, item.gateway_bps)
        if item.flow_bps < item.gateway_bps:
            yield from _slots(item, GATEWAY_FLOWS, GATEWAY_IN, item.flow_bps)


def limit_class(queue: str, number: int, parent: int, bps: int) -> Class:
    """A class with such a limit; one under another borrows nearly all of it."""
    return Class(queue, number, parent, max(8, bps // BORROWED if parent else bps), bps)


def _slots(item: BandwidthLimits, first: int, parent: int, flow_bps: int) -> Iterator[Class]:
    """A class for each of so many flows."""
    name = names.queue(item.id)
    yield from (limit_class(name, first + at, parent, flow_bps) for at in range(slots(item)))


def slots(item: BandwidthLimits) -> int:
    """Number of flows of an instance, or of one of its cards, that have a class each before two share one."""
    wanted = SLOTS_EACH * _least_peak(item) // item.flow_bps
    return min(max(wanted, SLOTS[0]), SLOTS[0] if item.cards else SLOTS[-1])


def outlet(item: BandwidthLimits, card: int) -> int:
    """The class that all is under which leaves by a card."""
    return CARD + card if item.cards else OUT


def flow_limits(item: BandwidthLimits) -> list[int]:
    """Limits of one flow in bits a second, elsewhere and then near; empty if the instance has no more."""
    least = _least_peak(item)
    if item.flow_bps >= least:
        return []
    return [item.flow_bps, *(min(near.flow_bps, least) for near in item.nearer)]


def _least_peak(item: BandwidthLimits) -> int:
    return min(one.peak for one in (item.cards or (item.allowance,)))


def first(item: BandwidthLimits, card: int, index: int) -> int:
    """The first class of a card's flows, by the index of their limit."""
    return FLOWS + index * EACH_FLOW_LIMIT + card * slots(item)


def limits_gateway(item: BandwidthLimits) -> bool:
    """True if an instance may send less through an internet gateway than elsewhere."""
    return item.gateway_bps < item.allowance.peak


def passed(
    item: BandwidthLimits, direction: str, queues: Queues, view: CompileView
) -> Iterator[tuple[str, ClassStats]]:
    """The counters of the classes that limit an instance in one direction, each with its limit's name."""
    own = queues.get(names.queue(item.id), {})
    tops = {OUT} if direction == "out" else {IN, GATEWAY_IN}
    for number, (parent, found) in own.items():
        above = own.get(parent, (0, found))[0]
        if tops & {number, parent, above}:
            yield _limit(number), found
    at_gateway = queues.get(names.IGW_LINK, {}).get(view.numbers.gateway(item.id))
    if direction == "out" and limits_gateway(item) and at_gateway:
        yield INTERNET_GATEWAY, at_gateway[1]


def _limit(number: int) -> str:
    """The name of the limit that a class of an instance's queue enforces."""
    if number >= FLOWS:
        return FLOW
    if number >= CARD:
        return f"card {number - CARD}"
    return INTERNET_GATEWAY if number == GATEWAY_IN else INSTANCE


def link(name: str, bps: int) -> Iterator[Item]:
    """A limit on all that leaves by a link."""
    yield Queue(name, otherwise=OUT)
    yield limit_class(name, OUT, 0, bps)
