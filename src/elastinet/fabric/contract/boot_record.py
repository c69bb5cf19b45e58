"""A disk's memory of its user data: the agent writes it, and who asks for an instance's status is told."""

import os
from pathlib import Path

import msgspec

NAME = "user-data.done"
"""The file's name, beside the guest's own: no link of the guest's leads from there."""


class BootRecord(msgspec.Struct):
    """Exit statuses by path, None before the end; and a sentence on each part that is not run.

    `untold` is of a disk on which an elastinet has run all that did not note more than that.
    """

    ended: dict[str, int | None] = {}
    unread: tuple[str, ...] = ()
    untold: bool = False


def read(disk: Path) -> BootRecord | None:
    """What a disk remembers; None for nothing yet. Raises OSError, or ValueError if nobody can read it."""
    try:
        kept = (disk / NAME).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(kept, type=BootRecord) if kept else BootRecord(untold=True)


def write(disk: Path, record: BootRecord) -> None:
    """Have a disk remember, whole or not at all; raises OSError."""
    fresh = disk / f"{NAME}.fresh"
    fresh.write_bytes(msgspec.json.encode(record))
    os.replace(fresh, disk / NAME)
