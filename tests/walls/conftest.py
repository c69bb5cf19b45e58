"""What is hostile here is a guest: each boundary has a file of its own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from machine import machine, machines, running

__all__ = ["machine", "machines", "running"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder to which every user has a way."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
