"""The end of a process that others may want to keep: its tracer can stop it on its way out."""

import os
import re
from contextlib import suppress
from pathlib import Path

from elastinet.fabric.kernel import kernel

TRACER = re.compile(r"^TracerPid:\s*(\d+)", re.MULTILINE)


def end(pid: int) -> None:
    """End a process, who traces it, who traces that one, and so on, but not this one.

    One that has ended already is as good.
    """
    ended = {0, os.getpid()}
    while pid not in ended:
        kernel.end(pid)
        ended.add(pid)
        pid = _tracer(pid)


def _tracer(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        found = TRACER.search(Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace"))
        return int(found[1]) if found else 0
    return 0
