"""What has been unpacked, put to where the user wants it: whole where nothing is, else into what is there."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elastinet.deletion import remove_tree


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A fresh path on the target's own file system; what is left of it is taken away in the end."""
    folder = Path(tempfile.mkdtemp(prefix=".elastinet-", dir=target if target.is_dir() else target.parent))
    try:
        yield folder / "made"
    finally:
        remove_tree(folder)


def settle(made: Path, target: Path) -> None:
    """Move a file, link or folder; folders of the same name become one, a file takes the place of a file."""
    try:
        there = os.lstat(target).st_mode
    except FileNotFoundError:
        os.rename(made, target)
        return
    is_folder = made.is_dir() and not made.is_symlink()
    if is_folder and stat.S_ISDIR(there):
        for entry in sorted(made.iterdir()):
            settle(entry, target / entry.name)
    elif is_folder:
        raise FileExistsError(0, "is there, and is no folder", str(target))
    elif stat.S_ISREG(there) or stat.S_ISLNK(there):
        os.replace(made, target)
    else:
        raise FileExistsError(0, "is there, and is no file", str(target))
