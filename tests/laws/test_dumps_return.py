"""What a region shows of itself, read in, is the same region: describe(read(describe(s))) = describe(s).

Left out is what no describe tells of an instance's whole life: its user data, its protections, its host in the
plant, the time at which a peering connection was asked for.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from describing import RULES, described, differences, engine_of, write
from elastinet.dumps.account import account
from elastinet.rules.reachability.question import Question, ask
from elastinet.rules.reachability.walk import INTERNET
from full_region import Full
from small_region import HERE, OWNER
from tries import tries


@settings(max_examples=tries(10), deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_a_region_read_in_shows_what_it_showed(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("dump")
    before = described(Full(seed).region.engine, OWNER, HERE)
    write(before, folder / OWNER / HERE)
    found = account(folder)
    assert not found.foreign
    assert not found.findings
    assert list(differences(before, described(engine_of(found.state), OWNER, HERE))) == []


@pytest.mark.parametrize("seed", range(tries(10)))
def test_without_the_list_of_rules_groups_have_the_same_ones(seed: int, tmp_path: Path) -> None:
    before = described(Full(seed).region.engine, OWNER, HERE)
    write({name: answer for name, answer in before.items() if name != RULES}, tmp_path / OWNER / HERE)
    after = described(engine_of(account(tmp_path).state), OWNER, HERE)
    assert list(differences(before | {RULES: None}, after | {RULES: None})) == []


@pytest.mark.parametrize("seed", range(tries(10)))
def test_answers_from_a_dump_are_those_of_the_region(seed: int, tmp_path: Path) -> None:
    made = Full(seed)
    write(described(made.region.engine, OWNER, HERE), tmp_path / OWNER / HERE)
    read = account(tmp_path).state
    for one in (INTERNET, *made.ends):
        for other in (INTERNET, *made.ends):
            if one != other:
                asked = Question(frozenset({one}), frozenset({other}), fields={"dport": ((80, 80),)})
                assert ask(read, asked).blockers == ask(made.region.state, asked).blockers
