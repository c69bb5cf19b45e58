"""A command inside an instance: what it says is bytes of somebody else's, without end if it likes."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from elastinet.testing.errors import TestingError

CLIENT = (sys.executable, "-P", "-m", "elastinet.fabric.contract.client")
MOST_BYTES = 1 << 24
"""So much may a command say on each of its outputs."""


def run(folder: Path, guest: str, argv: Sequence[str], timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run a command in an instance to its end; raises TestingError if it does not end or says too much."""
    process = subprocess.Popen(
        [*CLIENT, str(folder), guest, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests
    )
    with process:
        try:
            out, err = _said(process, timeout)
        finally:
            process.kill()  # the agent ends what its client has left; one that has ended does not mind
    return subprocess.CompletedProcess(argv, process.returncode, _text(out), _text(err))


def _said(process: "subprocess.Popen[bytes]", timeout: float) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    with ThreadPoolExecutor(2) as readers:
        both = [readers.submit(_most, process, pipe) for pipe in (process.stdout, process.stderr)]
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TestingError(f"the command has not ended after {timeout:g} s") from None
        finally:
            process.kill()
        out, err = (one.result() for one in both)
    if max(len(out), len(err)) > MOST_BYTES:
        raise TestingError(f"the command said more than {MOST_BYTES} bytes")
    return out, err


def _most(process: "subprocess.Popen[bytes]", pipe: IO[bytes]) -> bytes:
    """Read to the end, or end who says too much."""
    data = pipe.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        process.kill()
    return data


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
