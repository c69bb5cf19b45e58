"""The end of a process that others may want to keep: its tracer can stop it on its way out."""

import os
import re
from contextlib import suppress

from elastinet.fabric.kernel import files, kernel

TRACER = re.compile(rb"^TracerPid:\s*(\d+)", re.MULTILINE)


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
        found = TRACER.search(files.read(f"/proc/{pid}/status"))
        return int(found[1]) if found else 0
    return 0
