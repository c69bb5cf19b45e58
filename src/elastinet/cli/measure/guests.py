"""Programs of a measurement inside instances: run to their end, or beside us until they are ended."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

END_SECONDS = 5
AS_TEXT: Any = {"encoding": "utf-8", "errors": "backslashreplace"}
"""How what an instance says is read: it may be any bytes."""


def _command(run: Path, guest: str, argv: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "elastinet.fabric.contract.client", str(run), guest, *argv]


def said(run: Path, guest: str, argv: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a program in an instance to its end."""
    return subprocess.run(
        _command(run, guest, argv), stdin=subprocess.DEVNULL, capture_output=True, check=False, **AS_TEXT
    )


@contextmanager
def beside(run: Path, guest: str, argv: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A program in an instance, ended at the latest when the block is left."""
    process = subprocess.Popen(
        _command(run, guest, argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **AS_TEXT,
        start_new_session=True,  # Ctrl-C is ours: the program ends in order
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Have SIGTERM end us as Ctrl-C does, so that what was opened is closed."""

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
