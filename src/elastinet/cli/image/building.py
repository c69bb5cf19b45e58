"""A root file system of Debian's packages, as mmdebstrap makes it."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from elastinet.cli.common import CommandFailure
from elastinet.fabric.kernel import features

PROGRAM = "mmdebstrap"
SUITE, PACKAGE = re.compile(r"[a-z][a-z0-9.-]*"), re.compile(r"[a-z0-9][a-z0-9+.:-]*")
USUAL = ("iproute2", "ca-certificates")
"""What instances are of little use without."""
ENDING_SECONDS = 10


@contextmanager
def built(suite: str, packages: Sequence[str]) -> Iterator[int]:
    """A descriptor that gives the tar while it is made; raises CommandFailure."""
    words = command(suite, packages)
    program = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert program.stdout
    with program.stdout as out:
        try:
            yield out.fileno()
        except BaseException as error:
            code = _ended(program)
            if code > 0 and isinstance(error, CommandFailure):
                raise CommandFailure(f"{PROGRAM} failed with status {code}; what it said is above") from error
            raise
    if code := program.wait():
        raise CommandFailure(f"{PROGRAM} failed with status {code}; what it said is above")


def command(suite: str, packages: Sequence[str]) -> list[str]:
    """The command that writes a tar; raises CommandFailure."""
    if not SUITE.fullmatch(suite):
        raise CommandFailure(f"{suite} is no release of Debian's", 2)
    if bad := [package for package in packages if not PACKAGE.fullmatch(package)]:
        raise CommandFailure(f"{bad[0]} is no package's name", 2)
    program = features.find(PROGRAM)
    if program is None:
        raise CommandFailure(
            f"{PROGRAM} is not installed: 'elastinet doctor' tells the package; or 'elastinet image import'"
        )
    mode = "root" if os.geteuid() == 0 else "unshare"
    include = ",".join((*USUAL, *packages))
    return [
        program,
        "--quiet",
        f"--mode={mode}",
        "--variant=minbase",
        "--format=tar",
        f"--include={include}",
        suite,
        "-",
    ]


def _ended(program: "subprocess.Popen[bytes]") -> int:
    """The status of a program that may be about to end; it is ended if it is not."""
    try:
        return program.wait(1)
    except subprocess.TimeoutExpired:
        program.terminate()
        try:
            program.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
        return 0
