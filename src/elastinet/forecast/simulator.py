"""Flows over shared resources in virtual time: max-min fair shares, and buckets of credits that run out.

Between two events every rate is constant; an event is that a flow begins or ends, or that a bucket is empty
or full. So an hour costs as much as there are events in it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from elastinet.catalog.network import JUMBO_MTU
from elastinet.rules.allowances import Allowance

TINY = 1e-9
"""The relative difference below which two rates are the same."""


class Flow(NamedTuple):
    """So many like flows, through the same resources.

    `limit_bps` is what each carries at the most by itself; `bits` is what they send in all, on the wire, in
    packets as large as `mtu` lets them be; times are in seconds.
    """

    resources: tuple[str, ...]
    number: int = 1
    limit_bps: float = math.inf
    begin_s: float = 0.0
    end_s: float = math.inf
    bits: float = math.inf
    mtu: int = JUMBO_MTU


class FlowRate(NamedTuple):
    """The joint rate of like flows, and what binds it: resources, and "flow" for their own limit."""

    bps: float
    binding: tuple[str, ...]


class Piece(NamedTuple):
    """A span of time in which nothing changes: each flow's share, and the buckets' levels at its begin."""

    begin_s: float
    shares: tuple[FlowRate, ...]
    levels: dict[str, float]


class SimulatedRun(NamedTuple):
    """The pieces of a run, its end, the levels then, and when each flow had sent all that it had to."""

    pieces: tuple[Piece, ...]
    end_s: float
    levels: dict[str, float]
    finished_s: tuple[float | None, ...]


IDLE = FlowRate(0.0, ())


def simulate(
    flows: Sequence[Flow],
    resources: Mapping[str, Allowance],
    until_s: float,
    levels: Mapping[str, float] | None = None,
) -> SimulatedRun:
    """Simulate flows until a time, or until all have ended; buckets without a level in `levels` are full."""
    run = _Simulation(flows, resources, levels or {})
    while run.now < until_s and run.goes_on():
        run.step(until_s)
    return SimulatedRun(tuple(run.pieces), run.now, dict(run.levels), tuple(run.finished))


class _Simulation:
    """The state of one run: the time, the levels of the buckets, and what each flow has still to send."""

    def __init__(
        self, flows: Sequence[Flow], resources: Mapping[str, Allowance], levels: Mapping[str, float]
    ) -> None:
        self.flows, self.resources = flows, resources
        self.levels = {
            key: min(levels.get(key, allowance.credits), allowance.credits)
            for key, allowance in resources.items()
            if allowance.has_credits
        }
        self.per_bit = [{key: resources[key].per_bit(flow.mtu) for key in flow.resources} for flow in flows]
        self.now = 0.0
        self.left = [flow.bits for flow in flows]
        self.finished: list[float | None] = [None] * len(flows)
        self.pieces: list[Piece] = []

    def goes_on(self) -> bool:
        """True if a flow sends now or will later."""
        ends = zip(self.flows, self.finished, strict=True)
        return any(finished is None and self.now < flow.end_s for flow, finished in ends)

    def step(self, until_s: float) -> None:
        """Go on to the next event."""
        shares = fair(self.flows, self._active_ones(), self._capacities(), self.per_bit)
        self.pieces.append(Piece(self.now, tuple(shares), dict(self.levels)))
        drains = self._drains(shares)
        span = min(until_s - self.now, self._until_flows(shares), self._until_buckets(drains))
        self._send(shares, span)
        self._drain(drains, span)
        self.now += span

    def _active_ones(self) -> list[bool]:
        return [self._active(number) for number in range(len(self.flows))]

    def _active(self, number: int) -> bool:
        flow = self.flows[number]
        return flow.begin_s <= self.now < flow.end_s and self.finished[number] is None

    def _capacities(self) -> dict[str, float]:
        return {
            key: allowance.peak if self.levels.get(key, 1.0) > 0 else allowance.baseline
            for key, allowance in self.resources.items()
        }

    def _drains(self, shares: Sequence[FlowRate]) -> dict[str, float]:
        """How much each bucket loses in a second: negative while it earns credits, 0 if it is full."""
        used = dict.fromkeys(self.levels, 0.0)
        for per_bit, share in zip(self.per_bit, shares, strict=True):
            for key in per_bit.keys() & used.keys():
                used[key] += share.bps * per_bit[key]
        drains = {}
        for key, rate in used.items():
            allowance = self.resources[key]
            drain = rate - allowance.baseline
            full = self.levels[key] >= allowance.credits and drain < 0
            drains[key] = 0.0 if full or abs(drain) <= TINY * allowance.peak else drain
        return drains

    def _until_flows(self, shares: Sequence[FlowRate]) -> float:
        """Seconds until a flow begins, or ends by its time or by having sent its bits."""
        found = math.inf
        for number, (flow, share) in enumerate(zip(self.flows, shares, strict=True)):
            if flow.begin_s > self.now:
                found = min(found, flow.begin_s - self.now)
            elif self._active(number):
                found = min(found, flow.end_s - self.now, self.left[number] / share.bps)
        return found

    def _until_buckets(self, drains: Mapping[str, float]) -> float:
        found = math.inf
        for key, drain in drains.items():
            level = self.levels[key]
            if drain > 0:
                found = min(found, level / drain)
            elif drain < 0:
                found = min(found, (self.resources[key].credits - level) / -drain)
        return found

    def _send(self, shares: Sequence[FlowRate], span: float) -> None:
        for number, share in enumerate(shares):
            if share.bps <= 0:
                continue
            needed = self.left[number] / share.bps
            self.left[number] -= share.bps * span
            if needed <= span * (1 + TINY):
                self.left[number], self.finished[number] = 0.0, self.now + span

    def _drain(self, drains: Mapping[str, float], span: float) -> None:
        for key, drain in drains.items():
            most = self.resources[key].credits
            level = self.levels[key] - drain * span
            self.levels[key] = 0.0 if level <= TINY * most else most if level >= most * (1 - TINY) else level


def fair(
    flows: Sequence[Flow],
    active: Sequence[bool],
    capacities: Mapping[str, float],
    per_bit: Sequence[Mapping[str, float]],
) -> list[FlowRate]:
    """Max-min fair shares: all flows grow alike, and each stops growing where something is used up.

    `per_bit` is how much a bit of each flow uses of each of its resources.
    """
    free, shares = dict(capacities), [IDLE] * len(flows)
    growing = [number for number in range(len(flows)) if active[number]]
    while growing:
        wanting = _demands(flows, growing, per_bit)
        offers = {key: free[key] / demand for key, demand in wanting.items()}
        least = min([*offers.values(), *(flows[number].limit_bps for number in growing)])
        bound = least * (1 + TINY)
        stuck = {key for key, offer in offers.items() if offer <= bound}
        settled = {number: _binding(flows[number], stuck, bound) for number in growing}
        for number, binding in settled.items():
            if binding:
                shares[number] = FlowRate(least * flows[number].number, binding)
                for key in flows[number].resources:
                    free[key] = max(0.0, free[key] - shares[number].bps * per_bit[number][key])
        growing = [number for number in growing if not settled[number]]
    return shares


def _demands(
    flows: Sequence[Flow], growing: Sequence[int], per_bit: Sequence[Mapping[str, float]]
) -> dict[str, float]:
    """How much of each resource the growing flows use where each carries one bit."""
    demands: dict[str, float] = {}
    for number in growing:
        for key, used in per_bit[number].items():
            demands[key] = demands.get(key, 0.0) + flows[number].number * used
    return demands


def _binding(flow: Flow, stuck: set[str], bound: float) -> tuple[str, ...]:
    """The limits that stop a flow from growing: "flow" for its own, and resources; () if none does."""
    own = ("flow",) if flow.limit_bps <= bound else ()
    return (*own, *(key for key in flow.resources if key in stuck))
