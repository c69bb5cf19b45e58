"""The processes of servers."""

from pathlib import Path


def engines(server: int) -> list[int]:
    """The engine's process, which is a child of the server's."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [int(pid) for pid in children if b"serve.server" in Path(f"/proc/{pid}/cmdline").read_bytes()]
