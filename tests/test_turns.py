"""`make test` takes turns with tests that are alike: each has its turn, and a run with workers does one turn."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import turns

pytest_plugins = ["pytester"]
SUPPORT = Path(__file__).parent / "support"
TESTS = """
import pytest

@pytest.mark.parametrize("mode", ["root", "rootless"])
def test_packets(mode): pass

@pytest.mark.in_turn(3)
@pytest.mark.parametrize("number", range(7))
def test_example(number): pass

@pytest.mark.in_turn(2)
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("mode", ["root", "rootless"])
def test_both(mode, number): pass

def test_alone(): pass
"""
ONE_MODE = """
import pytest

@pytest.mark.parametrize("mode", ["rootless"])
def test_one_mode(mode): pass
"""
ROUND = 12
"""Two modes, thirds, and halves of each mode: after so many turns all begins anew."""


@pytest.fixture
def names(pytester: pytest.Pytester) -> Callable[[int], set[str]]:
    """The names of the tests that a turn does."""
    pytester.makeini("[pytest]\nmarkers = in_turn(n)")
    pytester.makepyfile(test_it=TESTS, test_only=ONE_MODE)
    items, _ = pytester.inline_genitems()

    def done(turn: int) -> set[str]:
        return {item.name for item in {*items} - turns.left_to_others(items, turn)}

    return done


def test_each_test_has_its_turn(names: Callable[[int], set[str]]) -> None:
    done = [names(turn) for turn in range(ROUND)]
    assert len(set().union(*done)) == 2 + 7 + 2 * 3 + 1 + 1
    assert len({frozenset(some) for some in done}) == ROUND
    assert names(ROUND) == done[0]


def test_what_is_like_nothing_else_is_always_done(names: Callable[[int], set[str]]) -> None:
    for turn in range(ROUND):
        assert {"test_alone", "test_one_mode[rootless]"} < names(turn)
        assert len({"test_packets[root]", "test_packets[rootless]"} & names(turn)) == 1
        assert len({f"test_example[{number}]" for number in range(7)} & names(turn)) in (2, 3)


def test_workers_do_one_turn_and_the_next_run_another(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    first, second = run(tmp_path, "0.1", "-n", "2"), run(tmp_path, "0.1")
    assert {"test_example[0]", "test_example[3]", "test_example[6]"} < first
    assert {"test_example[1]", "test_example[4]"} < second
    assert len(run(tmp_path, "1")) == 2 + 7 + 2 * 3 + 1


def run(folder: Path, tries: str, *words: str) -> set[str]:
    """The names of the tests that passed in a run of pytest's."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "turns",
        "-p",
        "no:elastinet",
        "-rp",
        "--in-turn",
        *words,
    ]
    environ = {"PYTHONPATH": str(SUPPORT), "ELASTINET_TRIES": tries}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(re.findall(r"^PASSED \S+::(\S+)", done.stdout, re.MULTILINE))
