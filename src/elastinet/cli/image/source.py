"""What an image is brought from: a file, a stream, or a folder that is an OCI layout."""

import os
import stat
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

from elastinet.cli.common import CommandFailure

STREAM = "-"
LAYOUT = ("oci-layout", "index.json")
PARTS = (*LAYOUT, "blobs")


@contextmanager
def opened(source: str) -> Iterator[int]:
    """A descriptor from which the archive is read; raises CommandFailure."""
    if source == STREAM:
        if sys.stdin.isatty():
            raise CommandFailure("- is standard input, which is a terminal: pipe an archive into it", 2)
        yield 0
        return
    path = Path(source)
    if path.is_dir():
        with _layout(path) as fd:
            yield fd
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CommandFailure(f"{path}: {error.strerror}", 2) from error
    try:
        if stat.S_ISBLK(os.fstat(fd).st_mode):
            raise CommandFailure(f"{path} is a disk: an image is a tar of a root file system", 2)
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _layout(folder: Path) -> Iterator[int]:
    """An OCI layout as the stream of an archive, written by a thread for as long as somebody reads."""
    if not all((folder / name).is_file() for name in LAYOUT):
        raise CommandFailure(
            f"{folder} is no OCI layout: it has no {' and '.join(LAYOUT)}; of a root file system give a tar",
            2,
        )
    out, into = os.pipe2(os.O_CLOEXEC)
    writer = Thread(target=_write, args=(folder, into), daemon=True)
    writer.start()
    try:
        yield out
    finally:
        os.close(out)
        writer.join()


def _write(folder: Path, into: int) -> None:
    """Write the archive; a reader that has gone has had enough of it, and one that is cut is told from it."""
    with suppress(OSError), open(into, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
        for name in PARTS:
            if (folder / name).exists():
                tar.add(folder / name, name)
