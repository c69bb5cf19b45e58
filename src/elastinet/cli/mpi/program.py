"""The program of an MPI job: in the instances already, or a file here to be copied there."""

import os
from pathlib import Path
from typing import NamedTuple

from elastinet.cli.common import CommandFailure
from elastinet.fabric.guest.rootfs import LAYERS

THERE = tuple(Path("/", name) for name in LAYERS)
"""The folders of this machine that every instance sees."""


BIN = "bin"
"""The subfolder of a launch's folder that the copy of a program is in."""


class Program(NamedTuple):
    """A program's path in the instances, and the file of this machine to be copied there, or None."""

    path: str
    source: Path | None


def found(name: str, folder: str) -> Program:
    """The program so called; of a file here that instances do not see, a copy in a folder of theirs.

    Raises CommandFailure.
    """
    if not name or name.startswith("-"):
        raise CommandFailure("no program is given: elastinet mpirun --hosts A,B -- PROGRAM…", 2)
    if "/" not in name or not os.path.isfile(name):
        return Program(name, None)
    here = Path(name).absolute()
    if any(here.is_relative_to(folder) for folder in THERE):
        return Program(str(here), None)
    if not os.access(name, os.X_OK):
        raise CommandFailure(f"{name} is not executable", 2)
    return Program(f"{folder}/{BIN}/{here.name}", here)
