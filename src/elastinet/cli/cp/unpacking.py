"""What an instance sends, put into a fresh folder of ours: nothing outside of it is made, opened or changed.

Links are made last, when nothing is written any more, so no file ever comes to be by way of one. Devices and
links that lead out of the folder are left out. No bit is set that gives rights to others (setuid), and
the user's umask holds.
"""

import os
import tarfile
from pathlib import Path
from typing import BinaryIO

from elastinet.cli.cp.arriving import SIZED, Arriving, Refused

DEEPEST = 200
LAST_TIME = 1 << 33
"""The latest time that is believed, in the year 2242: some file systems keep no later one."""
RESERVE_BYTES = 1 << 30
Parts = tuple[str, ...]


class Unpacking:
    """One archive, unpacked to a path that is not there yet; `left_out` says in a line each what was not."""

    def __init__(self, made: Path) -> None:
        self.left_out: list[str] = []
        self._made = made
        self._links: list[tuple[Parts, str]] = []
        self._folders: list[tuple[str, tarfile.TarInfo]] = []
        self._umask = os.umask(0o077)
        os.umask(self._umask)
        free = _free(made.parent)
        self._reserve = min(RESERVE_BYTES, free // 10)

    def take(self, source: BinaryIO) -> None:
        """Unpack a whole archive; Refused or OSError, and then what is there is of no use."""
        arriving = Arriving(source)
        for number, header in enumerate(arriving):
            if number and not self._folders:
                raise Refused("the instance sends more than the one file")
            self._one(header, arriving)
        if not os.path.lexists(self._made):
            raise Refused("the instance sends no file and no folder")
        self._make_links()
        for path, header in reversed(self._folders):
            os.chmod(path, header.mode & 0o777 & ~self._umask | 0o700)
            os.utime(path, _times(header))

    def _one(self, header: tarfile.TarInfo, arriving: Arriving) -> None:
        parts = _parts(header.name) if self._folders else ()
        path = self._path(parts)
        if header.isdir():
            os.mkdir(path, 0o700)
            self._folders.append((path, header))
        elif header.type in SIZED:
            self._file(path, header, arriving)
        elif header.islnk():
            os.link(self._path(_parts(header.linkname)), path, follow_symlinks=False)
        elif header.issym():
            self._links.append((parts, header.linkname))
        elif header.ischr() or header.isblk() or header.isfifo():
            self.left_out.append(f"{header.name}: no file, folder or link")
        else:
            raise Refused(f"the instance sends an entry of unknown type {header.type!r}")

    def _file(self, path: str, header: tarfile.TarInfo, arriving: Arriving) -> None:
        if header.size > _free(self._made.parent) - self._reserve:
            raise Refused(f"there is no room for {header.size:,} bytes")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            for data in arriving.content():
                file.write(data)
            file.flush()
            os.fchmod(file.fileno(), header.mode & 0o777 & ~self._umask)
            os.utime(file.fileno(), _times(header))

    def _make_links(self) -> None:
        """Make the links; then take away those that lead out, also by way of others."""
        root = os.path.realpath(self._made)
        for parts, target in self._links:
            os.symlink(target, self._path(parts))
        for parts, target in self._links:
            path = self._path(parts)
            plain = os.path.normpath(os.path.join(os.path.dirname(path), target))
            if target.startswith("/") or not (_is_in(root, plain) and _is_in(root, os.path.realpath(path))):
                os.unlink(path)
                self.left_out.append(f"{'/'.join(parts)}: a link that leads out, to {target}")

    def _path(self, parts: Parts) -> str:
        return os.path.join(self._made, *parts)


def _parts(name: str) -> Parts:
    """A name below the folder as its parts."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or "\0" in name or not parts:
        raise Refused(f"the instance sends a name outside of the folder: {name}")
    if len(parts) > DEEPEST:
        raise Refused(f"the instance sends folders more than {DEEPEST} deep")
    return parts


def _is_in(root: str, path: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _times(header: tarfile.TarInfo) -> tuple[int, int]:
    time = min(max(int(header.mtime), 0), LAST_TIME)
    return time, time


def _free(folder: Path) -> int:
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize
