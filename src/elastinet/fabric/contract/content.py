"""The contents of images: a folder each, which the agent makes and the engine may look at."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

NAME = re.compile(r"[0-9a-f]{64}")
ROOT, ABOUT, IDS = "root", "image.json", "ids"
"""What is in the folder of a content: its files, what it is, and whose ids they have."""
USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
"""A user's name, which nothing in a shell's program is."""


class About(msgspec.Struct, frozen=True):
    """An image's content as it was found.

    `name` is what its system calls itself, `base` what lies below it. `over_machine` says that this machine's
    own userland is below all of that.
    """

    architecture: str
    user: str = "ec2-user"
    cloud_init: bool = False
    systemd: bool = False
    name: str = ""
    files: int = 0
    bytes: int = 0
    base: tuple[str, ...] = ()
    over_machine: bool = False


def is_there(folder: Path, content: str) -> bool:
    """True if a content of this name is below a folder."""
    return NAME.fullmatch(content) is not None and (folder / content / ABOUT).exists()


def read(folder: Path, content: str) -> About:
    """What a content is; raises OSError or ValueError."""
    if not NAME.fullmatch(content):
        raise ValueError("it is no name of a content")
    return msgspec.json.decode((folder / content / ABOUT).read_bytes(), type=About)


def names(folder: Path) -> Iterator[str]:
    """The contents below a folder."""
    if folder.is_dir():
        yield from (path.name for path in sorted(folder.iterdir()) if is_there(folder, path.name))
