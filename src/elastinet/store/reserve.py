"""Room on the disk that is kept for what must go on when there is no other: an end, a deletion, a fact."""

import os
from pathlib import Path

STEP = 1 << 20
STEPS = 8


class Reserve:
    """A file that takes room, and gives it up step by step: others may be quicker to take what is free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.why: OSError | None = None
        """The error that kept the file from its full size; None if there was none."""
        self.restore()

    @property
    def is_whole(self) -> bool:
        """True if the file has its full size, 8 MiB."""
        return self._size() >= STEP * STEPS

    def restore(self) -> bool:
        """Take the room, if there is some again; whether it is all there."""
        self.why = None
        if not self.is_whole:
            try:
                self._fill()
            except OSError as error:  # it stays as small as it is
                self.why = error
        return self.is_whole

    def _fill(self) -> None:
        before = self._size()
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _allocate(fd, STEP * STEPS)
        except OSError:
            os.ftruncate(fd, before)
            raise
        finally:
            os.close(fd)

    def release(self) -> bool:
        """Give up a part; false if nothing is left."""
        size = self._size()
        if not size:
            return False
        os.truncate(self._path, max(0, size - STEP))
        return True

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0


def _allocate(fd: int, size: int) -> None:
    """Have blocks for a file of so many bytes."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    for at in range(0, size, STEP):
        os.pwrite(fd, bytes(STEP), at)
