"""An ordinary user of this machine, as whom tests that root runs can start programs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elastinet.deletion import remove_tree
from machine import NOBODY

BECOME = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of the user's."""
    made = Path(tempfile.mkdtemp(prefix="elastinet-test-"))
    os.chown(made, NOBODY, NOBODY)
    yield made
    remove_tree(made)


def variables(home: Path) -> dict[str, str]:
    """What the user's environment has of its own."""
    return {"HOME": str(home), "TMPDIR": str(home), "XDG_RUNTIME_DIR": ""}


def become() -> tuple[str, ...]:
    """The words that a command begins with; skips the test where the user may not run the interpreter."""
    tried = subprocess.run(
        [*BECOME, "sh", "-c", f"{sys.executable} -c 'import elastinet'"],
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if tried.returncode:
        pytest.skip("the interpreter is where no ordinary user may run it")
    return BECOME
