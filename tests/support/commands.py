"""The command line as a user types it: what a verb has done, and what it has said."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from elastinet.serve import places
from forked import forked

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
PROGRAM = [sys.executable, "-c", "from elastinet.cli import main; main()"]
NONE = ("--fabric", "none", "--port", "0", "--json")


@contextlib.contextmanager
def runs(folder: Path) -> Iterator[Run]:
    """Runs `elastinet …` in a folder, with nothing of the user's; stops what it has started in the end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELASTINET_")}
    environ = kept | {
        "XDG_STATE_HOME": str(folder / "xdg"),
        "XDG_CONFIG_HOME": str(folder),
        "COLUMNS": "200",
    }
    started: list[int] = []

    def call(*words: str, **variables: str) -> Done:
        done = forked("elastinet").run([*words], environ | variables, str(folder))
        if words[0] == "start" and done.returncode == 0 and done.stdout.startswith("{"):
            started.append(json.loads(done.stdout)["pid"])
        return done

    yield call
    for pid in started:
        if places.is_alive(pid):
            os.kill(pid, signal.SIGTERM)
            wait_until(lambda pid=pid: not places.is_alive(pid))


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
