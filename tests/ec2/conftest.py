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


@pytest.fixture(scope="session")
def edition_2026(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that plays today's edition of the rules."""
    served = Served(tmp_path_factory.mktemp("edition"), rules="2026")
    yield served
    served.stop()


@pytest.fixture
def ec2_2026(edition_2026: Served) -> Any:
    """A client of that server in an account that nobody has used."""
    return edition_2026.client()
