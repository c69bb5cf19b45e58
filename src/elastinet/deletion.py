"""The deletion of folders that somebody else has filled: of any depth and width, whatever modes and names.

No path is ever longer than one name, no link is followed, and nothing is opened but two folders at a time:
the folders inside a folder are moved up before it is deleted, so that none is deep when its turn comes.
"""

import errno
import itertools
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NO_FOLDER = (errno.ENOTDIR, errno.ELOOP)
IS_FOLDER = (errno.EISDIR, errno.EPERM)
"""The errors of unlink for a folder: EISDIR on Linux, EPERM elsewhere."""
TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is in it; one that is not there is no fault.

    What cannot be deleted is told at the end, by the first OSError, when all else is gone.
    """
    above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _remove(above, folder.name)
    except FileNotFoundError:
        return
    finally:
        os.close(above)


def _remove(above: int, name: str) -> None:
    try:
        top = _open(above, name)
    except OSError as error:
        if error.errno not in NO_FOLDER:
            raise
        os.unlink(name, dir_fd=above)
        return
    try:
        _empty(top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=above)


def _empty(top: int) -> None:
    """Delete all that is in a folder, and what is moved up into it meanwhile."""
    fresh = (f".{prefix}.{number}" for prefix in [os.urandom(8).hex()] for number in itertools.count())
    while True:
        failures: list[OSError] = []
        done = 0
        for name in os.listdir(top):
            try:
                _dissolve(top, name, fresh)
            except FileNotFoundError:  # somebody else was quicker
                done += 1
            except OSError as error:
                failures.append(error)
            else:
                done += 1
        if not done:
            if failures:
                raise failures[0]
            return


def _dissolve(top: int, name: str, fresh: Iterator[str]) -> None:
    """Delete one entry; if it is a folder, those that are in it come up beside it first."""
    if _unlinked(top, name):
        return
    folder = _open(top, name)
    try:
        for inner in os.listdir(folder):
            if not _unlinked(folder, inner):
                _move_up(folder, inner, top, fresh)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _unlinked(folder: int, name: str) -> bool:
    """Delete an entry that is no folder; false for a folder."""
    try:
        os.unlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in IS_FOLDER and stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
            return False
        raise
    return True


def _move_up(folder: int, name: str, top: int, fresh: Iterator[str]) -> None:
    """Move a folder into another; who moves one must be able to write to it."""
    os.close(_open(folder, name))
    for place in fresh:
        try:
            os.rename(name, place, src_dir_fd=folder, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
        else:
            return


def _open(above: int, name: str) -> int:
    """Open a folder whose owner may be shut out of it, and let him in."""
    try:
        folder = os.open(name, FOLDER, dir_fd=above)
    except PermissionError:
        _let_in(above, name)
        folder = os.open(name, FOLDER, dir_fd=above)
    found = os.fstat(folder)
    if found.st_mode & stat.S_IRWXU != stat.S_IRWXU and found.st_uid == os.geteuid():
        os.fchmod(folder, stat.S_IRWXU)
    return folder


def _let_in(above: int, name: str) -> None:
    """Change a folder's mode, and not that of what a link leads to."""
    if os.chmod in os.supports_follow_symlinks:
        os.chmod(name, stat.S_IRWXU, dir_fd=above, follow_symlinks=False)
        return
    held = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        os.chmod(f"/proc/self/fd/{held}", stat.S_IRWXU)
    finally:
        os.close(held)


if __name__ == "__main__":
    remove_tree(Path(sys.argv[1]))
