"""The command line as a user types it: what a verb has done, and what it has said."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
PROGRAM = [sys.executable, "-c", "from elastinet.cli import main; main()"]
NONE = ("--fabric", "none", "--port", "0", "--json")


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def told(done: Done) -> Any:
    """The JSON that a verb prints; it must have succeeded."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done: Done, code: int, *parts: str) -> None:
    """A verb that fails says so in one line."""
    assert done.returncode == code, done
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("elastinet: ")
    for part in parts:
        assert part in line
