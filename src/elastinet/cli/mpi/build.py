"""The programs that measure MPI, built when they are first needed and kept as long as their text stays."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from elastinet import folders
from elastinet.cli.common import CommandFailure

COMPILER, PACKAGE = "mpicc.openmpi", "libopenmpi-dev"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror")


def built(name: str) -> Path:
    """A program of this package; raises CommandFailure."""
    with as_file(files("elastinet.cli.mpi")) as sources:
        text = b"".join((sources / file).read_bytes() for file in (f"{name}.c", "measure.h"))
        made = folders.secure(_cache()) / f"{name}-{hashlib.sha256(text).hexdigest()[:16]}"
        if not made.exists():
            _build(sources / f"{name}.c", made)
    return made


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "elastinet"


def _build(source: Path, made: Path) -> None:
    """Compile beside the result, and put it in place as a whole."""
    if shutil.which(COMPILER) is None:
        raise CommandFailure(f"{COMPILER} is not installed: it is this machine's package {PACKAGE}", 2)
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        fresh = Path(folder) / made.name
        line = [COMPILER, *FLAGS, "-o", str(fresh), str(source)]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CommandFailure(f"{COMPILER} does not build {source.name}: {' '.join(done.stderr.split())}")
        fresh.replace(made)
