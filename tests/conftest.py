"""A real server and real clients; each test has an account of its own, so that none sees another's."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elastinet.engine import Engine
from elastinet.store import MemoryJournal
from served import Served


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
