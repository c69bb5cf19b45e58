"""The processes of a server, as this machine's /proc tells."""

from pathlib import Path
from typing import Any


def children(pid: int) -> list[int]:
    """A process's children, whichever of its threads has made them."""
    told = (path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(child) for line in told for child in line.split()]


def of_module(pid: int, module: str) -> list[int]:
    """A process's children that run a Python module."""
    return [c for c in children(pid) if module in Path(f"/proc/{c}/cmdline").read_text()]


def child(world: Any, module: str) -> int | None:
    """The supervisor's child of this name, or None while it has none."""
    return next(iter(of_module(world.pid, module)), None)
