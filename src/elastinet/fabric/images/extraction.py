"""The files of one layer, put into the folder that is this process's root.

The tar is somebody's: whatever it says, nothing outside of that root is touched, for there is nothing. It has
no device and no name that leads up; what it may take of the machine is bounded.
"""

import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, cast

from elastinet.fabric.images.refused import RefusedError

GONE, OPAQUE, OTHERS = ".wh.", ".wh..wh..opq", ".wh..wh."
"""What a layer takes away from those below it: a name, all of a folder; others mean nothing here."""
CAPABILITY = "security.capability"
CHUNK, LOOK_BYTES, LOOK_FILES = 1 << 18, 1 << 24, 512
SUID = stat.S_ISUID | stat.S_ISGID
NOBODY = 65534
Told = Callable[[int, int], None]
"""Hears how many files and bytes there are so far."""


@dataclass(frozen=True)
class Bounds:
    """What an image may be: so many files and bytes, on a disk that keeps so many bytes free.

    `ids` is the number of ids that files may have, `suid` says whether programs may be setuid.
    """

    files: int
    bytes: int
    free: int
    ids: int
    suid: bool


class Extraction:
    """Layers one after the other; counts over all of them."""

    def __init__(self, bounds: Bounds, told: Told, files: int = 0, size: int = 0) -> None:
        self._bounds, self._told = bounds, told
        self.files, self.bytes = files, size
        self._looked = 0
        self._fresh: set[str] = set()

    def apply(self, stream: IO[bytes]) -> None:
        """Put a layer's files over those that are there."""
        forward = cast(IO[bytes], Forward(stream))
        with tarfile.open(fileobj=forward, mode="r:", errors="surrogateescape") as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]  # which else would remember all of them
                self._count(member)
                name = _inside(member.name)
                if os.path.basename(name).startswith(GONE):
                    self._take_away(name)
                elif name and not name.startswith("dev/"):
                    self._put(tar, member, name)
        while stream.read(CHUNK):
            pass  # what is behind the end of a tar fills its last block
        self._look()

    def _count(self, member: tarfile.TarInfo) -> None:
        self.files += 1
        if self.files > self._bounds.files:
            raise RefusedError(f"it has more than {self._bounds.files} files")
        if self.files % LOOK_FILES == 0:
            self._look()

    def _look(self) -> None:
        """See that the disk has room, and tell how far it is."""
        found = os.statvfs("/")
        if found.f_bavail * found.f_frsize < self._bounds.free:
            raise RefusedError("this machine's disk has too little room for it")
        self._told(self.files, self.bytes)
        self._looked = self.bytes

    # --- what a layer takes away --------------------------------------------------------------------

    def _take_away(self, name: str) -> None:
        folder, _, last = name.rpartition("/")
        if last == OPAQUE:
            for entry in os.listdir(f"/{folder}") if os.path.isdir(f"/{folder}") else ():
                below = f"{folder}/{entry}" if folder else entry
                if below not in self._fresh:
                    _remove(f"/{below}")
        elif not last.startswith(OTHERS):
            gone = last.removeprefix(GONE)
            if gone in ("", ".", ".."):
                raise RefusedError(f"its whiteout {name[:200]!a} names nothing")
            _remove(f"/{folder}/{gone}")

    # --- what it brings -------------------------------------------------------------------------------

    def _put(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        path = f"/{name}"
        self._note(name)
        if member.isdir():
            _folder(path)
        elif member.isreg():
            self._file(tar, member, path)
            return
        elif member.issym():
            _make_room(path)
            os.symlink(member.linkname, path)
        elif member.islnk():
            self._link(member, path)
            return
        elif member.isfifo():
            _make_room(path)
            os.mkfifo(path)
        else:
            return  # a device, or nothing that a file system has
        self._dress(member, path)

    def _note(self, name: str) -> None:
        """Remember what this layer has brought, with the folders that it is in."""
        while name and name not in self._fresh:
            self._fresh.add(name)
            name = name.rpartition("/")[0]

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        self._check_size(self.bytes + member.size)
        fd = _created(path)
        try:
            if member.size:
                self._fill(tar, member, fd)
            self._dress(member, fd)
        finally:
            os.close(fd)

    def _fill(self, tar: tarfile.TarFile, member: tarfile.TarInfo, fd: int) -> None:
        source = tar.extractfile(member) if member.issparse() else cast(IO[bytes], tar.fileobj)
        assert source is not None
        left = member.size
        while data := source.read(min(CHUNK, left)):
            left -= len(data)
            self.bytes += len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            if self.bytes - self._looked > LOOK_BYTES:
                self._look()
        if left:
            raise RefusedError("it ends too early: it was cut, or is damaged")

    def _check_size(self, size: int) -> None:
        if size > self._bounds.bytes:
            raise RefusedError(f"it is larger than {self._bounds.bytes >> 30} GiB when it is unpacked")

    def _link(self, member: tarfile.TarInfo, path: str) -> None:
        target = f"/{_inside(member.linkname)}"
        if not os.path.lexists(target):
            raise RefusedError(f"its {member.name[:200]!a} is a hard link to what is not in it")
        if target != path:
            _make_room(path)
            os.link(target, path, follow_symlinks=False)

    def _dress(self, member: tarfile.TarInfo, path: str | int) -> None:
        """Give a file its owner, mode, capabilities and time; in this order, for each would undo others.

        It is an open file, or at a path.
        """
        owner, group = self._id(member.uid), self._id(member.gid)
        if member.issym():
            os.chown(path, owner, group, follow_symlinks=False)
            return
        os.chown(path, owner, group)
        mode = member.mode & 0o7777
        os.chmod(path, mode if self._bounds.suid or member.isdir() else mode & ~SUID)
        powers = member.pax_headers.get(f"SCHILY.xattr.{CAPABILITY}")
        if powers is not None and member.isreg() and self._bounds.suid:
            with suppress(OSError):  # no form that the kernel knows, or a file system without them
                os.setxattr(path, CAPABILITY, powers.encode("utf-8", "surrogateescape"))
        with suppress(OSError, OverflowError, ValueError):  # a time that no clock has shown
            os.utime(path, (member.mtime, member.mtime))

    def _id(self, id: int) -> int:
        """An id that files can have here: of those that guests do not have, nobody's or root's."""
        if 0 <= id < self._bounds.ids:
            return id
        return NOBODY if self._bounds.ids > NOBODY else 0


def _inside(name: str) -> str:
    """A name of the tar's as a path below the root."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise RefusedError(f"its name {name[:200]!a} leads out of it")
    return "/".join(parts)


class Forward:
    """A stream as a file in which one goes forward only, which is all that a tar asks for."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._at = stream, 0

    def tell(self) -> int:
        """The number of bytes that were read."""
        return self._at

    def read(self, size: int) -> bytes:
        """Read so many bytes, fewer at the end."""
        data = self._stream.read(size)
        self._at += len(data)
        return data

    def seek(self, place: int) -> int:
        """Read what lies before a place."""
        if place < self._at:
            raise tarfile.StreamError("it leads back")
        while self._at < place and self.read(min(place - self._at, CHUNK)):
            pass
        return self._at


def _created(path: str) -> int:
    """A new file at a path, open: most often its folder is there, and nothing at the path."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except OSError:
        _make_room(path)
        return os.open(path, flags, 0o600)


def _folder(path: str) -> None:
    with suppress(OSError):
        os.mkdir(path)
        return
    if not (os.path.isdir(path) and not os.path.islink(path)):
        _make_room(path)
        os.mkdir(path)


def _make_room(path: str) -> None:
    """Have the folder of a path, and nothing at the path itself."""
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    _remove(path)


def _remove(path: str) -> None:
    """Delete what is at a path, a link and not what it leads to."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)
