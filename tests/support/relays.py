"""Finds the relays of mediated interfaces, as processes of this machine."""

from collections.abc import Iterator
from pathlib import Path


def relays(root: int) -> list[int]:
    """Those that descend from a process."""
    return [pid for pid in _named("relay") if root in _ancestors(pid)]


def _named(name: str) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        if _read(entry / "comm") == f"{name}\n":
            yield int(entry.name)


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        status = _read(Path(f"/proc/{pid}/status"))
        pid = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid")), 0)
        yield pid


def _read(path: Path) -> str:
    """What a file of a process says; nothing once the process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
