"""A tar archive as it comes from an instance: whoever sends it is hostile, so it is read header by header.

No more of it is ever in memory than a part of a file, or a name.
"""

import tarfile
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = tarfile.BLOCKSIZE
CHUNK = 1 << 18
LONGEST_NAME = 4096
MOST_ENTRIES = 1_000_000
NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
SIZED = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)


class Refused(Exception):
    """Something that an honest instance does not send; the text is one line for a human."""


class Ended(Refused):
    """It has ended before its archive did; why, it may have said elsewhere."""


class Arriving:
    """The entries of an archive, in order; what is not read of a file is passed over before the next one."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[tarfile.TarInfo]:
        long: dict[bytes, str] = {}
        for _ in range(MOST_ENTRIES):
            header = self._header()
            if header is None:
                return
            if header.type in NAMES:
                long[header.type] = self._name(header.size)
                continue
            header.name = long.pop(tarfile.GNUTYPE_LONGNAME, header.name)
            header.linkname = long.pop(tarfile.GNUTYPE_LONGLINK, header.linkname)
            self._begin(header.size if header.type in SIZED else 0)
            yield header
            for _ in self.content():
                pass
        raise Refused(f"the instance sends more than {MOST_ENTRIES:,} files")

    def content(self) -> Iterator[bytes]:
        """The bytes of the file whose header came last."""
        while self._left:
            data = self._exactly(min(self._left, CHUNK))
            self._left -= len(data)
            yield data
        self._exactly(self._padding)
        self._padding = 0

    def _header(self) -> tarfile.TarInfo | None:
        block = self._exactly(BLOCK)
        if not block.strip(b"\0"):
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise Refused(f"the instance does not send an archive: {error}") from error
        if header.size < 0:
            raise Refused("the instance sends a file of negative size")
        return header

    def _name(self, size: int) -> str:
        if size > LONGEST_NAME:
            raise Refused(f"the instance sends a name of {size:,} bytes")
        self._begin(size)
        return b"".join(self.content()).split(b"\0")[0].decode("utf-8", "surrogateescape")

    def _begin(self, size: int) -> None:
        self._left, self._padding = size, -size % BLOCK

    def _exactly(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise Ended("the instance stopped in the middle")
        return data
