"""A copy of what an instance has changed of its root file system, whoever changes it meanwhile.

The copier's root is a folder in which the disk and the copy are mounted, and nothing else: a link that the
instance puts in a folder's place leads nowhere but into these.
"""

import errno
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from elastinet.fabric.guest import diskwatch
from elastinet.fabric.images.refused import RefusedError
from elastinet.fabric.kernel import kernel

UPPER, PLAIN = "upper", "root"
"""The parts of a disk: what lies over other folders, and the folders that are its own."""
TO = "to"
FRESH_ON_EACH = frozenset(("run", "tmp", "dev", "proc", "sys"))
"""Top-level folders that no disk has anything of."""
OF_ONE = frozenset(("var/lib/elastinet",))
"""What is of one instance: the keys of its ssh server among them."""
SAFE = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID
OF_OVERLAY = ("trusted.overlay.", "user.overlay.")
KEPT = frozenset(("opaque", "redirect", "metacopy"))
"""What an overlay notes of a folder or file and a lower layer must say, too."""
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
CHUNK, LOOK_BYTES = 1 << 20, 1 << 24


def copy(disk: Path, to: Path, first: int) -> tuple[int, int]:
    """Copy a disk's files into a folder; gives how many, and their bytes. Raises RefusedError or OSError."""
    place = to.parent / "copying"
    place.mkdir()
    told, telling = os.pipe()
    child = os.fork()
    if not child:
        _be_copier(disk, to, place, telling)
    os.close(telling)
    with open(told, "rb") as answer:
        data = answer.read()
    os.waitpid(child, 0)
    place.rmdir()
    found = json.loads(data or b'{"error": "the copy was ended by the kernel"}')
    if "error" in found:
        raise RefusedError(found["error"])
    return found["files"], found["bytes"]


def _be_copier(disk: Path, to: Path, place: Path, telling: int) -> NoReturn:
    try:
        free = diskwatch.little(to) // diskwatch.NEXT_TO_NOTHING
        _enter(disk, to, place)
        copier = _Copier(free)
        copier.tree(f"/{UPPER}", f"/{TO}", "")
        copier.tree(f"/{PLAIN}", f"/{TO}", "")
        answer: dict[str, object] = {"files": copier.files, "bytes": copier.bytes}
    except RefusedError as error:
        answer = {"error": str(error)}
    except BaseException as error:
        answer = {"error": f"its disk cannot be copied: {error}"}
    os.write(telling, json.dumps(answer).encode())
    os._exit(0)


def _enter(disk: Path, to: Path, place: Path) -> None:
    """Have the parts of the disk, read-only, and the copy in a root of their own."""
    parts = [part for part in (UPPER, PLAIN) if (disk / part).is_dir()]
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", str(place), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=700,size=1m")
    for name in (UPPER, PLAIN, TO):
        (place / name).mkdir()
    for part in parts:
        kernel.mount(str(disk / part), str(place / part), flags=kernel.MS_BIND)
        kernel.set_mount_attributes(str(place / part), SAFE)
    kernel.mount(str(to), str(place / TO), flags=kernel.MS_BIND)
    os.chdir(place)
    kernel.pivot_root(".", ".")
    kernel.umount(".", kernel.MNT_DETACH)
    os.chdir("/")
    os.umask(0)


class _Copier:
    """Copies trees; counts, and remembers files with several names."""

    def __init__(self, free: int) -> None:
        self._free = free
        self.files = self.bytes = 0
        self._looked = 0
        self._names: dict[tuple[int, int], str] = {}

    def tree(self, source: str, target: str, below: str) -> None:
        """Copy what is in a folder; what goes away meanwhile is left out."""
        waiting = [(source, target, below)]
        while waiting:
            source, target, below = waiting.pop()
            for name in _names(source):
                path, place, inner = f"{source}/{name}", f"{target}/{name}", f"{below}/{name}".strip("/")
                if inner in FRESH_ON_EACH or inner in OF_ONE:
                    continue
                with suppress(FileNotFoundError):
                    if self._one(path, place, os.lstat(path)):
                        waiting.append((path, place, inner))

    def _one(self, path: str, place: str, found: os.stat_result) -> bool:
        """Copy one entry; true for a folder, whose own are to be copied."""
        self.files += 1
        kind = stat.S_IFMT(found.st_mode)
        known = self._names.get((found.st_dev, found.st_ino))
        if known and kind != stat.S_IFDIR:
            os.link(known, place, follow_symlinks=False)
            return False
        if kind == stat.S_IFDIR:
            with suppress(FileExistsError):
                os.mkdir(place)
        elif kind == stat.S_IFLNK:
            os.symlink(os.readlink(path), place)
        elif kind == stat.S_IFREG:
            self._contents(path, place)
        elif kind == stat.S_IFIFO or (kind == stat.S_IFCHR and found.st_rdev == 0):
            os.mknod(place, kind | 0o600, 0)
        else:
            return False
        _dress(path, place, found)
        if found.st_nlink > 1 and kind != stat.S_IFDIR:
            self._names[found.st_dev, found.st_ino] = place
        return kind == stat.S_IFDIR

    def _contents(self, path: str, place: str) -> None:
        """Copy a file's bytes; where it has none, neither has the copy."""
        with open(os.open(path, READ), "rb", buffering=0) as source:
            if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                raise FileNotFoundError(path)
            with open(place, "xb", buffering=0) as target:
                self._extents(source.fileno(), target.fileno())

    def _extents(self, source: int, target: int) -> None:
        size, at = os.fstat(source).st_size, 0
        while at < size:
            try:
                at = os.lseek(source, at, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                break
            end = os.lseek(source, at, os.SEEK_HOLE)
            while at < end and (data := os.pread(source, min(CHUNK, end - at), at)):
                at += os.pwrite(target, data, at)
                self._count(len(data))
            if at < end:
                break  # it has become shorter
        os.ftruncate(target, size)

    def _count(self, size: int) -> None:
        self.bytes += size
        if self.bytes - self._looked > LOOK_BYTES:
            self._looked = self.bytes
            if diskwatch.free(Path("/", TO)) < self._free:
                raise RefusedError("this machine's disk has too little room for a copy")


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _dress(path: str, place: str, found: os.stat_result) -> None:
    """Give a copy its owner, mode, attributes and time; in this order, for each would undo others."""
    os.chown(place, found.st_uid, found.st_gid, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(place, stat.S_IMODE(found.st_mode))
    for name in os.listxattr(path, follow_symlinks=False):
        if not name.startswith(OF_OVERLAY) or name.rpartition(".")[2] in KEPT:
            with suppress(OSError):  # one that this file system, or this user, does not keep
                os.setxattr(
                    place, name, os.getxattr(path, name, follow_symlinks=False), follow_symlinks=False
                )
    os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns), follow_symlinks=False)
