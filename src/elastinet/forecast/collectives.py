"""Duration of a collective on instances of a type: its algorithms' work under the limits of their paths."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from elastinet.catalog.accelerators import ACCELERATORS, INSIDE_STEP_S, Accelerators
from elastinet.catalog.editions import Figure
from elastinet.catalog.settings import Settings
from elastinet.catalog.step_latency import efa_step_s, tcp_step_s
from elastinet.catalog.words import Algorithm, Collective, Group
from elastinet.forecast.prediction import predict_limits
from elastinet.forecast.type_pairs import place, type_pair
from elastinet.rules.collectives import ALGORITHMS, Ranks, Work, bus_factor
from elastinet.rules.path_limits import Traffic

MOST_INSTANCES = 100_000
MOST_RANKS = 1024
UNKNOWN = Accelerators(1)


class BadCollective(ValueError):
    """A collective that cannot be; the message says why."""


class CollectiveQuery(NamedTuple):
    """A collective of some bytes on so many instances of a type, given as TYPE or TYPE@ZONE.

    Where nothing is said: over EFA if the type has it, by the fastest algorithm, with a rank for each
    accelerator. Over TCP a rank's connection is so many flows.
    """

    collective: Collective
    size: float
    kind: str
    instances: int
    transport: str | None = None
    group: Group = "none"
    algorithm: Algorithm | None = None
    ranks_each: int | None = None
    flows: int = 1


class Part(msgspec.Struct, frozen=True):
    """A part of the time that a collective takes, and what makes it so long, with sources."""

    name: str
    seconds: float
    by: dict[str, str]


class CollectivePrediction(msgspec.Struct, frozen=True):
    """A collective's duration by one algorithm; bandwidths in bytes a second, as nccl-tests has them.

    The parts are latency, network (between instances) and inside (of each); the last two may overlap.
    """

    transport: str
    algorithm: Algorithm
    ranks: int
    seconds: float
    algbw: float
    busbw: float
    network_steps: int
    inside_steps: int
    parts: tuple[Part, ...]

    @property
    def binding(self) -> Part:
        """The part that takes the longest."""
        return max(self.parts, key=lambda part: part.seconds)

    def as_json(self) -> dict[str, Any]:
        """It in JSON's kinds of values."""
        known: dict[str, Any] = msgspec.to_builtins(self)
        return known | {"steps": self.network_steps + self.inside_steps, "binding": self.binding.name}


def predict_collective(
    asked: CollectiveQuery, settings: Settings | None = None
) -> list[CollectivePrediction]:
    """A collective by each algorithm, the fastest first, or by the one that is named.

    Raises BadCollective, or BadPair where the type or its place cannot be.
    """
    _check(asked)
    kind = place(asked.kind).kind
    _check_ranks(asked, kind.name)
    transport = asked.transport or ("efa" if kind.flag("efa_supported") else "tcp")
    full = asked._replace(transport=transport)
    found = [_predicted(full, kind.name, name, settings or Settings()) for name in _algorithms(asked)]
    return sorted(found, key=lambda prediction: prediction.seconds)


def _check(asked: CollectiveQuery) -> None:
    if not 2 <= asked.instances <= MOST_INSTANCES:
        raise BadCollective(f"a collective is among 2 to {MOST_INSTANCES} instances, not {asked.instances}")
    if asked.ranks_each is not None and not 1 <= asked.ranks_each <= MOST_RANKS:
        raise BadCollective(f"an instance has 1 to {MOST_RANKS} ranks, not {asked.ranks_each}")
    if asked.collective == "pingpong" and (asked.instances, asked.ranks_each or 1) != (2, 1):
        raise BadCollective("a ping-pong is between two ranks, one on each of 2 instances")


def _check_ranks(asked: CollectiveQuery, type_name: str) -> None:
    """Refuse ranks that are neither one nor all of a type's known accelerators; raises BadCollective.

    There is no figure for a part of them, nor for several ranks on one.
    """
    known = ACCELERATORS.get(type_name)
    if known and asked.ranks_each not in (None, 1, known.number):
        numbers = " or ".join(map(str, sorted({1, known.number})))
        raise BadCollective(f"ranks on a {type_name} are {numbers}, not {asked.ranks_each}")


def _algorithms(asked: CollectiveQuery) -> Sequence[Algorithm]:
    known = ALGORITHMS[asked.collective]
    if asked.algorithm is None:
        return list(known)
    if asked.algorithm not in known:
        raise BadCollective(f"{asked.collective} goes by {' or '.join(known)}, not by {asked.algorithm}")
    return [asked.algorithm]


def _predicted(
    asked: CollectiveQuery, type_name: str, algorithm: Algorithm, settings: Settings
) -> CollectivePrediction:
    known = ACCELERATORS.get(type_name, UNKNOWN)
    each = 1 if asked.collective == "pingpong" else asked.ranks_each or known.number
    ranks = Ranks(asked.instances, each, known.in_switch)
    work = ALGORITHMS[asked.collective][algorithm](ranks)
    network, inside = _network(asked, work, settings), _inside(asked.size, work, known)
    latency = _latency(work, efa_step_s(type_name) if asked.transport == "efa" else tcp_step_s(type_name))
    moving = (max if work.overlapped else sum)((network.seconds, inside.seconds))
    seconds = latency.seconds + moving
    return CollectivePrediction(
        transport=str(asked.transport),
        algorithm=algorithm,
        ranks=ranks.all,
        seconds=seconds,
        algbw=asked.size / seconds,
        busbw=asked.size / seconds * bus_factor(asked.collective, ranks.all),
        network_steps=work.network_steps,
        inside_steps=work.inside_steps,
        parts=(latency, network, inside),
    )


def _network(asked: CollectiveQuery, work: Work, settings: Settings) -> Part:
    """The time that an instance's bytes take to others, from full buckets of credits."""
    traffic = Traffic("efa" if asked.transport == "efa" else "tcp", work.senders * asked.flows)
    limits = type_pair(asked.kind, asked.kind, traffic, group=asked.group, settings=settings)
    found = predict_limits(limits, data_bytes=work.network * asked.size)
    if found.finish_s is None:
        raise BadCollective("it takes more than a year, and is not looked ahead for so long")
    sources = {limit.resource: limit.source for limit in found.limits}
    return Part("network", found.finish_s, {name: sources[name] for name in found.binding[-1]})


def _inside(size: float, work: Work, known: Accelerators) -> Part:
    """The time of a rank's bytes to others of its instance; none where nobody says how fast they go."""
    if not work.inside or not known.bytes_per_s:
        return Part("inside", 0.0, {})
    return Part("inside", work.inside * size / known.bytes_per_s, {"inside": known.source})


def _latency(work: Work, step: Figure) -> Part:
    seconds = work.network_steps * step.value + work.inside_steps * INSIDE_STEP_S
    return Part("latency", seconds, {"step": f"{step.value * 1e6:g} us; {step.source}"})
