"""Tests in turns: `make test` at a desk does a share of tests that are alike, the next run another; CI does all.

Alike are the tests of a file as root and as an ordinary user, and those that a file marks: with
`pytest.mark.in_turn(3)` a run does every third of a function's examples.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

import tries

MODES = {"root", "rootless"}
TURN, LEFT = pytest.StashKey[int | None](), pytest.StashKey[int]()
LAST = "elastinet/turn"
"""Where pytest's cache has the turn of the last run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make test` asks for."""
    parser.addoption(
        "--in-turn", action="store_true", help="of tests that are alike a share, at each run another"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark, and the turn of this run: none where all is done."""
    config.addinivalue_line("markers", "in_turn(n): a run in turn does every n-th example of the function")
    config.stash[TURN] = _turn(config) if config.getoption("in_turn") and tries.SHARE < 1 else None


def _turn(config: pytest.Config) -> int:
    if _is_worker(config):
        return int(config.workerinput["turn"])  # type: ignore[attr-defined]
    cache = getattr(config, "cache", None)  # pytest can be asked to have none
    return int(cache.get(LAST, -1)) + 1 if cache else 0


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker the turn."""
    node.workerinput["turn"] = node.config.stash[TURN]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are another run's."""
    if (turn := config.stash[TURN]) is not None:
        left = left_to_others(items, turn)
        items[:] = [item for item in items if item not in left]
        config.stash[LEFT] = len(left)
        config.hook.pytest_deselected(items=list(left))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell how many tests were left out to where it is printed."""
    if _is_worker(session.config):
        session.config.workeroutput["left"] = session.config.stash.get(LEFT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear it."""
    node.config.stash[LEFT] = getattr(node, "workeroutput", {}).get("left", 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left out, and have the next run do the next turn."""
    turn = config.stash[TURN]
    if turn is None or _is_worker(config) or config.option.collectonly:
        return
    left = config.stash.get(LEFT, 0)
    terminalreporter.write_line(
        f"turn {turn}: {left} more tests have their turn in later runs (all: ELASTINET_TRIES=1)"
    )
    if getattr(config, "cache", None):
        config.cache.set(LAST, turn)


def left_to_others(items: list[pytest.Item], turn: int) -> set[pytest.Item]:
    """The tests that a run in this turn leaves to other runs."""
    return {*_other_modes(items, turn), *_other_examples(items, turn)}


def _other_modes(items: list[pytest.Item], turn: int) -> Iterator[pytest.Item]:
    """Tests in the mode that is not their file's at this turn; a file that has one mode has it always."""
    modes: dict[str, set[str]] = {}
    for item in items:
        if mode := _mode(item):
            modes.setdefault(_file(item), set()).add(mode)
    for item in items:
        mode, found = _mode(item), sorted(modes.get(_file(item), ()))
        if mode and len(found) > 1 and mode != found[(zlib.crc32(_file(item).encode()) + turn) % 2]:
            yield item


def _other_examples(items: list[pytest.Item], turn: int) -> Iterator[pytest.Item]:
    """Examples of a marked function that are not this turn's; in two modes each has two turns."""
    seen: Counter[tuple[str, str | None]] = Counter()
    for item in items:
        if mark := item.get_closest_marker("in_turn"):
            mode, (of,) = _mode(item), mark.args
            example = item.nodeid.partition("[")[0], mode
            if seen[example] % of != (turn // 2 if mode else turn) % of:
                yield item
            seen[example] += 1


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _mode(item: pytest.Item) -> str | None:
    given = getattr(item, "callspec", None)
    found = MODES & {value for value in given.params.values() if isinstance(value, str)} if given else None
    return found.pop() if found else None
