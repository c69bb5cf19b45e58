"""A real server and real clients; each test has an account of its own, so that none sees another's."""

import compileall
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

import clients
import elastinet
from commands import Run, runs
from elastinet.engine import Engine
from elastinet.store import MemoryJournal
from served import Served
from temporary import in_memory

pytest_plugins = ["turns"]
TOGETHER = (
    "tests/cli/one_server/",
    "tests/fabric/",
    "tests/kernel/",
    "tests/package/",
    "tests/refusals/",
    "tests/walls/",
    "tests/laws/test_parameters.py",
    "tests/serve/test_http_fuzz.py",
)
"""Files whose tests share a server or an agent that is dear to start."""
SLOW = (
    *("tests/clients/", "tests/test_examples.py", "tests/twin/test_twin_diff.py"),
    *("tests/walls/test_fuzz.py", "tests/walls/test_chaos.py", "tests/walls/test_journal.py"),
)
"""Tests that take long, each by itself."""
MEASURING = (
    *(
        "tests/fabric/router/test_limits",
        "tests/fabric/agent/test_credits",
        "tests/fabric/router/test_pace",
        "tests/fabric/router/test_counters",
    ),
    *("tests/kernel/test_perf", "tests/kernel/test_wire_express", "tests/kernel/test_wire_counters"),
    *("tests/kernel/test_forecast_law", "tests/kernel/test_mpi.py::test_measured"),
    *(f"tests/test_examples.py::test_example[{name}" for name in ("cluster", "demo", "flows", "mpi")),
    *(
        f"tests/kernel/test_labs.py::{name}"
        for name in ("test_lab_in_a_server_of_its_own[credits", "test_lab[ha-pair")
    ),
)
"""Tests that measure packets or times: a machine that does other work, too, has three tries."""


def unit(nodeid: str) -> str:
    """What one worker does whole: a file whose tests share something, or a test."""
    together = nodeid.startswith(TOGETHER) and not nodeid.startswith(SLOW)
    return nodeid.partition("::")[0] if together else nodeid


class Together(LoadScopeScheduling):
    """Gives all tests of such a file to one worker, and each other test to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def places(units: dict[str, Any]) -> dict[str, float]:
    """Where in the run a unit is done: what waits and what computes side by side, and short ones in the end."""
    files = sorted((u for u in units if len(units[u]) > 1), key=lambda u: -len(units[u]))
    slow = [u for u in units if len(units[u]) == 1 and u.startswith(SLOW)]
    quick = [u for u in units if len(units[u]) == 1 and not u.startswith(SLOW)]
    ends = ((files, 0.8), (slow, 0.6), (quick, 1))
    return {u: end * n / len(each) for each, end in ends for n, u in enumerate(each)}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mix the tests, for packets and programs are mostly waited for."""
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit(item.nodeid), []).append(item)
        if item.nodeid.startswith(MEASURING):
            item.add_marker(pytest.mark.flaky(reruns=2))
    place = places(units)
    items[:] = [item for name in sorted(units, key=place.__getitem__) for item in units[name]]


settings.register_profile("elastinet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("elastinet")  # how long an example takes says what else the machine does
in_memory()


def pytest_configure(config: pytest.Config) -> None:
    """Keep that order, and let what is started hear Ctrl-C even where the tests themselves may not."""
    config.option.loadscopereorder = False
    signal.signal(signal.SIGINT, signal.default_int_handler)
    clients.share_parts()
    compile_once(here=not hasattr(config, "workerinput"))


def compile_once(*, here: bool) -> None:
    """Have Python keep what it compiles: hundreds of processes are started, and few of them may write."""
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if here:
        compileall.compile_dir(Path(elastinet.__file__).parent, quiet=2)


def pytest_collection_finish() -> None:
    """Spare the collector of garbage thirteen thousand tests, which stay to the end, and have it look rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    """Say how workers share the tests; xdist's own groups do nothing under pytest 9."""
    return Together(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Tell what the tests that try very much have tried."""
    for report in terminalreporter.stats.get("passed", []):
        for _, said in report.user_properties:
            terminalreporter.write_line(str(said))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server with EC2's default quotas for the whole session."""
    served = Served(tmp_path_factory.mktemp("server"))
    yield served
    served.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start servers of a test's own, with a configuration of its own."""
    started: list[Served] = []

    def start(**config: Any) -> Served:
        started.append(Served(tmp_path, **config))
        return started[-1]

    yield start
    for served in started:
        served.stop()


@pytest.fixture
def ec2(server: Served) -> Any:
    """A boto3 EC2 client in an account that nobody has used."""
    return server.client()


@pytest.fixture
def engine() -> Engine:
    """An engine with a journal in memory."""
    return Engine(MemoryJournal())


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs `elastinet …` in a folder of its own, and stops what it has started in the end."""
    with runs(tmp_path) as call:
        yield call
