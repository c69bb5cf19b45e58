"""Servers for tests that fill the hardware or let it fail."""

from collections.abc import Iterator
from typing import Any

import pytest

from served import Served


@pytest.fixture(scope="module")
def hardware(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose hosts no other file's tests take."""
    served = Served(tmp_path_factory.mktemp("hardware"))
    yield served
    served.stop()


@pytest.fixture
def alone(hardware: Served) -> Iterator[Any]:
    """A client of that server, which forgets everything afterwards."""
    yield hardware.client()
    hardware.reset()
