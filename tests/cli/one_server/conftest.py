"""A server without a fabric that all tests of a file share, as a user of the command line has it; new for each."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import NONE, Run, runs, told


@pytest.fixture(scope="module")
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all of the file's tests are in: the server's state has its name from there."""
    return tmp_path_factory.mktemp("one")


@pytest.fixture(scope="module")
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs `elastinet …` in that folder."""
    with runs(tmp_path) as call:
        yield call


@pytest.fixture(scope="module")
def running(run: Run) -> Any:
    """The server's record."""
    return told(run("start", *NONE, "--state", "state"))


@pytest.fixture
def server(running: Any) -> Any:
    """The server's record, with every account and region as new."""
    request = urllib.request.Request(f"{running['url']}/_elastinet/reset", method="POST")
    urllib.request.urlopen(request, timeout=30).close()
    return running
