"""Cost of collective algorithms: bytes on the network and inside instances, and steps (section 9.3).

Hockney's model: a message costs its latency, and its bytes over a bandwidth. Sizes are nccl-tests': those of
the whole buffer. The reduction itself costs nothing here, and NCCL's protocols for small messages are left
out. n ranks are g on each of N instances, whose borders g rings or trees cross in parallel, as NCCL has it.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from elastinet.catalog.accelerators import TREE_SHARE
from elastinet.catalog.words import Algorithm, Collective


class Ranks(NamedTuple):
    """The ranks; `in_switch` is the share of its links that a switch which reduces inside makes use of."""

    instances: int
    each: int = 1
    in_switch: float | None = None

    @property
    def all(self) -> int:
        """All ranks."""
        return self.instances * self.each


class Work(NamedTuple):
    """Cost of an algorithm: bytes that an instance sends, and a rank inside it, per byte of data; and steps.

    `overlapped`: an instance and its ranks send at the same time, as chunks flow; else one after the other.
    `senders` ranks of an instance send at a time.
    """

    network: float
    inside: float
    network_steps: int
    inside_steps: int
    senders: int
    overlapped: bool = True


def ring_both_ways(ranks: Ranks) -> Work:
    """The ring of an all-reduce: a reduce-scatter, then an all-gather."""
    once = ring_once(ranks)
    return once._replace(
        network=2 * once.network,
        inside=2 * once.inside,
        network_steps=2 * once.network_steps,
        inside_steps=2 * once.inside_steps,
    )


def ring_once(ranks: Ranks) -> Work:
    """The ring of a reduce-scatter, or of an all-gather: every part visits all but one rank."""
    part = (ranks.all - 1) / ranks.all
    return Work(part, part if ranks.each > 1 else 0.0, *_round(ranks), ranks.each)


def double_tree(ranks: Ranks) -> Work:
    """NCCL's two binary trees, up and down: an instance is inside one and a leaf of the other (tuning.cc).

    Two instances only exchange what they have. Inside there is a chain; or the switch reduces, for which a
    rank sends (g+1)/g of the data.
    """
    chain = 2 * (ranks.each - 1) / ranks.each
    switched = (ranks.each + 1) / ranks.each / ranks.in_switch if ranks.in_switch else chain
    return Work(
        network=(1 if ranks.instances == 2 else 2) / TREE_SHARE,
        inside=switched if ranks.each > 1 else 0.0,
        network_steps=2 * _doublings(ranks.instances),
        inside_steps=2 * (1 if ranks.in_switch and ranks.each > 1 else ranks.each - 1),
        senders=ranks.each,
    )


def doubling_whole(ranks: Ranks) -> Work:
    """Recursive doubling of an all-reduce: every rank exchanges all it has with another, at each step."""
    far, near = _doublings(ranks.instances), _doublings(ranks.each)
    return Work(float(far * ranks.each), float(near), far, near, ranks.each, overlapped=False)


def doubling_parts(ranks: Ranks) -> Work:
    """Doubling of an all-gather's parts, halving of a reduce-scatter's (Thakur and others, MPICH, 2005)."""
    far, near = _doublings(ranks.instances), _doublings(ranks.each)
    network, inside = (ranks.instances - 1) / ranks.instances, (ranks.each - 1) / ranks.each
    return Work(network, inside, far, near, ranks.each, overlapped=False)


def pairwise(ranks: Ranks) -> Work:
    """Every rank sends each other one its part, one after another."""
    network = ranks.each * (ranks.all - ranks.each) / ranks.all
    steps = (ranks.all - ranks.each, ranks.each - 1)
    return Work(network, (ranks.each - 1) / ranks.all, *steps, ranks.each)


def chain(ranks: Ranks) -> Work:
    """The ring of a broadcast, or of a reduction: chunks go from one rank to the next."""
    return Work(1.0, 1.0 if ranks.each > 1 else 0.0, *_round(ranks), ranks.each)


def binomial(ranks: Ranks) -> Work:
    """A binomial tree of a broadcast, or of a reduction: who has all sends all, at each step."""
    far, near = _doublings(ranks.instances), _doublings(ranks.each)
    return Work(float(far), float(near), far, near, 1, overlapped=False)


def direct(_ranks: Ranks) -> Work:
    """One message, one way: half of a ping-pong."""
    return Work(1.0, 0.0, 1, 0, 1)


ALGORITHMS: Mapping[Collective, Mapping[Algorithm, Callable[[Ranks], Work]]] = {
    "allreduce": {"ring": ring_both_ways, "tree": double_tree, "recursive-doubling": doubling_whole},
    "reducescatter": {"ring": ring_once, "recursive-doubling": doubling_parts},
    "allgather": {"ring": ring_once, "recursive-doubling": doubling_parts},
    "alltoall": {"pairwise": pairwise},
    "broadcast": {"ring": chain, "tree": binomial},
    "reduce": {"ring": chain, "tree": binomial},
    "pingpong": {"direct": direct},
}


def bus_factor(collective: Collective, ranks: int) -> float:
    """The factor from algorithm bandwidth to bus bandwidth (nccl-tests, doc/PERFORMANCE.md)."""
    if collective == "allreduce":
        return 2 * (ranks - 1) / ranks
    return (ranks - 1) / ranks if collective in ("reducescatter", "allgather", "alltoall") else 1.0


def _round(ranks: Ranks) -> tuple[int, int]:
    """The steps of one round, between instances and inside."""
    return ranks.instances - 1, ranks.all - ranks.instances


def _doublings(number: int) -> int:
    """The number of doublings from 1 to at least this number: 3 for 8, 4 for 9."""
    return (number - 1).bit_length()
