"""Files below a folder that is somebody else's root: links in it lead nowhere but into it (openat2(2))."""

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elastinet.fabric.kernel import kernel

OPENAT2 = 437
"""The same on every architecture."""
RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS = 0x10, 0x02


def open_in(root: int, path: str, flags: int) -> int:
    """Open a path as a process whose root is this folder would; raises OSError."""
    how = struct.pack("=3Q", flags | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    return kernel.system_call(f"open {path}", OPENAT2, root, os.fsencode(path), how, len(how))


class Tree:
    """A folder as the root of what is in it."""

    def __init__(self, folder: Path) -> None:
        self._root = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._place = os.readlink(f"/proc/self/fd/{self._root}").rstrip("/")

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._root)

    def stat(self, path: str) -> os.stat_result | None:
        """What is at a path, links followed; None if nothing is, or it cannot be reached."""
        try:
            fd = open_in(self._root, path, os.O_PATH)
        except OSError:
            return None
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def read(self, path: str, most: int) -> bytes | None:
        """The first bytes of a regular file; None if there is none that can be read."""
        found = self.stat(path)
        if found is None or not stat.S_ISREG(found.st_mode):
            return None
        try:
            fd = open_in(self._root, path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return None
        with open(fd, "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(fd).st_mode) else None

    def real(self, path: str) -> str:
        """Where a path leads, from the root, as far as there is something; no link is in the answer."""
        parts = [part for part in path.split("/") if part not in ("", ".")]
        for count in range(len(parts), -1, -1):
            try:
                fd = open_in(self._root, "/".join(parts[:count]) or ".", os.O_PATH)
            except OSError:
                continue
            try:
                found = os.readlink(f"/proc/self/fd/{fd}").removeprefix(self._place)
            finally:
                os.close(fd)
            return "/".join([found.rstrip("/"), *parts[count:]]) or "/"
        return path


@contextmanager
def tree(folder: Path) -> Iterator[Tree]:
    """A folder as a root, for a while."""
    made = Tree(folder)
    try:
        yield made
    finally:
        made.close()
