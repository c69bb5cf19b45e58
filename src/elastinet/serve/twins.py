"""The twin that a server is of: its original comes with the start, and lies in the state's folder."""

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from elastinet.catalog.settings import Quotas
from elastinet.config import Config
from elastinet.engine import Engine
from elastinet.folders import write_private
from elastinet.late import Late
from elastinet.model.fault import Fault
from elastinet.store import JournalError

if TYPE_CHECKING:
    from elastinet.twin import original as originals
    from elastinet.twin.original import Original
else:  # with it comes what reads dumps, which few servers have use for
    originals = Late("elastinet.twin.original")

FILE = "twin"
CHANGED = "it is the twin of {}: choose another folder with --state for another twin"
TAKEN = "it has something else than a twin already: choose another folder with --state"


def kept(folder: Path | None) -> "Original | None":
    """The original of the twin that a state is; None if it is none. Raises JournalError."""
    if folder is None:
        return None
    try:
        return originals.decode((folder / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise JournalError(f"{folder / FILE}: {error}") from error


def handed(original: "Original") -> int:
    """A descriptor from which the engine's process can read an original, as often as it is started."""
    with tempfile.TemporaryFile() as file:
        file.write(originals.encode(original))
        file.flush()
        return os.dup(file.fileno())


def received(descriptor: int) -> "Original":
    """The original in a descriptor; raises JournalError."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    try:
        return originals.decode(data)
    except msgspec.DecodeError as error:
        raise JournalError(f"the twin cannot be read: {error}") from error


def configured(config: Config, original: "Original") -> Config:
    """The configuration of a twin: its account's, of which nobody knows the quotas."""
    quotas = "unlimited" if config.quotas == Quotas() else config.quotas
    regions = tuple(sorted({*config.opted_in_regions, *original.regions}))
    images = tuple(dict.fromkeys((*config.images, *original.images)))
    return replace(config, account=original.account, quotas=quotas, opted_in_regions=regions, images=images)


def enter(engine: Engine, original: "Original", folder: Path | None) -> None:
    """Have an engine be a twin, if it is none yet; raises JournalError if it is something else."""
    there = kept(folder)
    if there is None and not engine.is_empty:
        raise JournalError(f"{folder}: {TAKEN}")
    if there is not None and there.nouns != original.nouns:
        raise JournalError(f"{folder}: {CHANGED.format(there.dump)}")
    if there is None and folder is not None:
        # first: a crash after it is made good here
        write_private(folder / FILE, originals.encode(original))
    if engine.is_empty:
        begin(engine, original)


def begin(engine: Engine, original: "Original") -> None:
    """Have an empty engine be as the original is; raises JournalError."""
    try:
        engine.adopt(original.account, original.region, original.nouns)
    except Fault as fault:
        raise JournalError(fault.message) from fault
