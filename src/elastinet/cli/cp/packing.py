"""A file or folder of this machine as a tar archive for an instance, in which all belongs to root."""

import os
import stat
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 1 << 18


def pack(source: str, name: str, into: BinaryIO) -> list[str]:
    """Write the archive; gives in a line each what is left out, for it is no file, folder or link."""
    left_out = []
    with tarfile.open(fileobj=into, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        setattr(archive, "copybufsize", CHUNK)  # noqa: B010 - typeshed does not know it
        for path in _paths(source):
            mode = (os.stat if path == source else os.lstat)(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
                left_out.append(f"{path}: no file, folder or link")
                continue
            archive.dereference = path == source  # a link that the user names means what it leads to
            own = name if path == source else os.path.join(name, os.path.relpath(path, source))
            archive.add(path, own, recursive=False, filter=_of_root)
    return left_out


def _paths(source: str) -> Iterator[str]:
    yield source
    for folder, folders, files in os.walk(source, onerror=_fail) if os.path.isdir(source) else ():
        yield from (os.path.join(folder, name) for name in sorted((*folders, *files)))


def _fail(error: OSError) -> None:
    raise error


def _of_root(header: tarfile.TarInfo) -> tarfile.TarInfo:
    """Give a file to root, who gets none that runs with another's rights."""
    header.uid = header.gid = 0
    header.uname = header.gname = ""
    header.mode &= 0o777
    return header
