"""Rates of a path's flows over time, as arrays, with the limit that binds at each moment."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from elastinet.forecast.simulator import Flow, SimulatedRun, simulate
from elastinet.rules.path_limits import UNKNOWN, Limit, PathLimits

HOUR_S = 3600.0
LONGEST_S = 366 * 86400.0
"""Seconds after which a prediction gives up on the end of a transfer: a year."""


class Job(NamedTuple):
    """Traffic under some limits, from a time until another, or until so many bytes of data have been sent."""

    limits: PathLimits
    begin_s: float = 0.0
    end_s: float = math.inf
    data_bytes: float = math.inf


class Prediction(msgspec.Struct, frozen=True):
    """The joint rates of a job's flows over time.

    `times_s` bounds the pieces: in piece n, from time n to time n+1, the rates are constant (`wire_bps`
    counts Ethernet frames, `goodput_bps` data) and the limits named in `binding` bind. `levels` has what is
    in each bucket of credits at each time, between which they change evenly. `finish_s` is when all data
    have been sent, None where nothing was said of how much, or it takes longer than was looked ahead.
    """

    limits: tuple[Limit, ...]
    mtu: int
    times_s: tuple[float, ...]
    wire_bps: tuple[float, ...]
    goodput_bps: tuple[float, ...]
    binding: tuple[tuple[str, ...], ...]
    levels: dict[str, tuple[float, ...]]
    finish_s: float | None

    @property
    def data_bytes(self) -> float:
        """Bytes of data sent in all."""
        return self._sum(self.goodput_bps) / 8

    @property
    def mean_bps(self) -> float:
        """The mean rate of data."""
        seconds = self.times_s[-1] - self.times_s[0]
        return self._sum(self.goodput_bps) / seconds if seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """It in JSON's kinds of values."""
        known: dict[str, Any] = msgspec.to_builtins(self)
        unknown = {unit.value: why for unit, why in UNKNOWN.items()}
        more = {"data_bytes": self.data_bytes, "mean_bps": self.mean_bps, "unknown": unknown}
        return known | more | {"limits": [limit.as_json() for limit in self.limits]}

    def _sum(self, rates: Sequence[float]) -> float:
        spans = (end - begin for begin, end in zip(self.times_s, self.times_s[1:], strict=False))
        return sum(rate * span for rate, span in zip(rates, spans, strict=True))


def predict_together(
    jobs: Sequence[Job], until_s: float, levels: Mapping[str, float] | None = None
) -> list[Prediction]:
    """Predict jobs that share the limits of one name; buckets are full where `levels` says nothing."""
    resources = {limit.resource: limit.allowance for job in jobs for limit in job.limits.shared}
    run = simulate([_flow(job) for job in jobs], resources, until_s, levels)
    return [_prediction(job, place, run) for place, job in enumerate(jobs)]


def predict_limits(
    limits: PathLimits,
    duration_s: float | None = None,
    data_bytes: float | None = None,
    levels: Mapping[str, float] | None = None,
) -> Prediction:
    """Predict traffic under some limits: for a time (an hour if nothing is said), or until its data is sent.

    Raises ValueError.
    """
    if limits.traffic.flows < 1:
        raise ValueError(f"there is no traffic of {limits.traffic.flows} flows")
    if duration_s is not None and not 0 < duration_s <= LONGEST_S:
        raise ValueError(f"a prediction is of more than 0 s and at most {LONGEST_S:.0f} s, not {duration_s}")
    if data_bytes is not None and not 0 < data_bytes < math.inf:
        raise ValueError(f"nobody sends {data_bytes} bytes")
    until = duration_s or (HOUR_S if data_bytes is None else LONGEST_S)
    job = Job(limits, data_bytes=math.inf if data_bytes is None else data_bytes)
    return predict_together([job], until, levels)[0]


def _flow(job: Job) -> Flow:
    limits = job.limits
    return Flow(
        resources=tuple(limit.resource for limit in limits.shared),
        number=limits.traffic.flows,
        limit_bps=limits.flow.bps(limits.mtu) if limits.flow else math.inf,
        begin_s=job.begin_s,
        end_s=job.end_s,
        bits=job.data_bytes * 8 / limits.goodput,
        mtu=limits.mtu,
    )


def _prediction(job: Job, place: int, run: SimulatedRun) -> Prediction:
    limits = job.limits
    shares = [piece.shares[place] for piece in run.pieces]
    used = [limit.resource for limit in limits.shared if limit.resource in run.levels]
    return Prediction(
        limits=(*limits.shared, *([limits.flow] if limits.flow else [])),
        mtu=limits.mtu,
        times_s=(*(piece.begin_s for piece in run.pieces), run.end_s),
        wire_bps=tuple(share.bps for share in shares),
        goodput_bps=tuple(share.bps * limits.goodput for share in shares),
        binding=tuple(share.binding for share in shares),
        levels={key: (*(piece.levels[key] for piece in run.pieces), run.levels[key]) for key in used},
        finish_s=run.finished_s[place],
    )
