"""Fixtures of real agents: as root where the tests are root, and always as an ordinary user."""

from collections.abc import Iterator

import pytest
from machine import MODES, Machine


@pytest.fixture(scope="module", params=MODES)
def running(request: pytest.FixtureRequest) -> Iterator[Machine]:
    machine = Machine(request.param)
    yield machine
    machine.close()


@pytest.fixture
def machine(running: Machine) -> Iterator[Machine]:
    """An agent with nothing to do; what a test leaves behind is taken away, disks too."""
    yield running
    scrap = tuple(path.name for path in running.disks.iterdir() if not path.name.startswith("."))
    assert running.desire(whole=True, scrap=scrap) == {}
    running.until(lambda: not any(running.disks.iterdir()), "empty disks")
