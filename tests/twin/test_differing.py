"""The difference of a twin, done to a copy of what it was, makes the twin of it: law, for changes made at random."""

import pytest

from account_moves import MOVES, Changer, copy, rich
from applying import apply, likeness, settle, with_services
from describing import engine_of
from elastinet.twin.both import Step
from elastinet.twin.differing import steps
from full_region import Full
from small_region import OWNER
from tries import tries


def told(found: list[Step]) -> str:
    return "\n".join(s.command.text if s.command else f"# {s.says}" for s in found)


@pytest.mark.parametrize("seed", range(tries(40)))
def test_what_is_told_makes_the_twin_of_what_it_was(seed: int) -> None:
    original = rich(seed)
    twin = copy(original)
    Changer(twin, seed).change(1 + seed % 12)
    found = steps(original, twin.state)
    there = copy(original)
    names = with_services(apply(there, OWNER, found), twin.state, there.state)
    one, other = likeness(twin.state, names), likeness(there.state, {})
    for kind in one:
        assert one[kind] == other[kind], told(found)


@pytest.mark.parametrize("seed", range(tries(5)))
def test_nothing_is_told_of_nothing(seed: int) -> None:
    full = Full(seed)
    full.settle()
    assert steps(full.region.state, engine_of(full.region.state).state) == []


def test_every_move_changes_something() -> None:
    """A law about changes has some: each move, tried in many regions, does what it is for in one of them."""
    idle = {made.__name__ for made in MOVES}
    for seed in range(30):
        state = rich(seed)
        for made in [one for one in MOVES if one.__name__ in idle]:
            twin = copy(state)
            try:
                made(Changer(twin, seed))
            except IndexError:
                continue
            settle(twin)
            if steps(state, twin.state):
                idle.discard(made.__name__)
    assert idle == set()
