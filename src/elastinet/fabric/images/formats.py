"""A stream of bytes, and what it is packed with: gzip, bzip2 and xz, and zstd, which is another program's."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
from typing import IO, Any, Protocol, cast

from elastinet.fabric.images.refused import RefusedError

CHUNK = 1 << 18
NO_TARS = {
    b"QFI\xfb": "a qcow2 disk",
    b"conectix": "a disk of Virtual PC's",
    b"KDMV": "a disk of VMware's",
    b"hsqs": "a squashfs",
    b"PK\x03\x04": "a zip archive",
    b"\x7fELF": "a program",
    b"!<arch>\n": "an archive of ar(1), as packages are",
}
"""How what people try begins, and what it is."""
MAGIC_AT, MAGIC = 257, b"ustar"
BLOCK = 512


class Source(Protocol):
    """What can be read."""

    def read(self, size: int = -1, /) -> bytes | None:
        """Read so many bytes, or fewer."""


class Ahead(io.RawIOBase):
    """A stream of which one may look at the first bytes, as many as one likes, before they are read."""

    def __init__(self, source: Source) -> None:
        self._source, self._ahead = source, b""
        self.taken = 0

    def readable(self) -> bool:
        """True: it is there to be read."""
        return True

    def peek(self, size: int) -> bytes:
        """The first bytes of what is left; fewer if there are no more."""
        while len(self._ahead) < size and (more := self._source.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        data = self._ahead[: len(buffer)] or self._source.read(len(buffer)) or b""
        self._ahead = self._ahead[len(data) :]
        buffer[: len(data)] = data
        self.taken += len(data)
        return len(data)


def unpacked(source: Ahead) -> Ahead:
    """The stream without what it is packed with."""
    head, plain = source.peek(6), cast(IO[bytes], source)
    if head.startswith(b"\x1f\x8b"):
        return Ahead(gzip.GzipFile(fileobj=plain, mode="rb"))
    if head.startswith(b"BZh"):
        return Ahead(bz2.BZ2File(plain))
    if head.startswith(b"\xfd7zXZ\x00"):
        return Ahead(lzma.LZMAFile(plain))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return Ahead(_by_program("zstd", source))
    return source


def _by_program(name: str, source: Ahead) -> IO[bytes]:
    """What a program makes of a stream; a process of its own feeds it."""
    if shutil.which(name) is None:
        raise RefusedError(f"it is packed by {name}, which is not installed on this machine")
    program = subprocess.Popen([name, "-dcq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin
    assert program.stdout
    if not os.fork():
        try:
            program.stdout.close()
            shutil.copyfileobj(source, program.stdin, CHUNK)
            program.stdin.close()
        except OSError:
            os._exit(1)
        os._exit(0)
    program.stdin.close()
    return program.stdout


def check_tar(source: Ahead) -> None:
    """Refuse what does not begin as a tar does."""
    head = source.peek(BLOCK)
    if len(head) < BLOCK or not head.strip(b"\0"):
        raise RefusedError("it is empty" if not head.strip(b"\0") else "it is no tar archive")
    if head[MAGIC_AT : MAGIC_AT + len(MAGIC)] != MAGIC:
        kind = next((name for mark, name in NO_TARS.items() if head.startswith(mark)), "no tar archive")
        raise RefusedError(f"it is {kind}: an image is a tar of a root file system, or one of layers")
