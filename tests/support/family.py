"""The processes of a server, as this machine's /proc tells."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def children(pid: int) -> list[int]:
    """A process's children, whichever of its threads has made them."""
    paths: list[Path] = []
    with contextlib.suppress(OSError):
        paths += Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in paths for child in told(path).split()]


def told(path: Path) -> str:
    """What a file of a process or a thread says, nothing once that has ended."""
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def below(pid: int) -> Iterator[int]:
    """All processes that a process has begotten."""
    for one in children(pid):
        yield one
        yield from below(one)


def of_module(pid: int, module: str) -> list[int]:
    """A process's children that run a Python module."""
    return [c for c in children(pid) if module in told(Path(f"/proc/{c}/cmdline"))]


def child(world: Any, module: str) -> int | None:
    """The supervisor's child of this name, or None while it has none."""
    return next(iter(of_module(world.pid, module)), None)
