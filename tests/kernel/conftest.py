"""Servers with a real kernel fabric."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for all tests that do not break it; their VPCs are more than an account may have."""
    made = World(tmp_path_factory.mktemp("world"), ELASTINET_QUOTAS="unlimited")
    yield made
    made.stop()


@pytest.fixture
def own_world(tmp_path: Path) -> Iterator[World]:
    """A server that a test may break."""
    made = World(tmp_path / "state")
    yield made
    made.cli("stop", check=False)
