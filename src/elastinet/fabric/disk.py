"""The disks of guests: one folder each."""

import os
import shutil
from pathlib import Path


def remove(disks: Path, id: str) -> None:
    """Delete a guest's disk; one that is not there is no fault."""
    path = disks / id
    if os.path.basename(id) != id or id in ("", ".", ".."):
        raise ValueError(f"not a disk's name: {id!r}")
    doomed = disks / f".{id}.doomed"
    try:
        path.rename(doomed)
    except FileNotFoundError:
        if not doomed.exists():
            return
    shutil.rmtree(doomed)
