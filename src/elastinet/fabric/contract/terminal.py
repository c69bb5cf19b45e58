"""Our terminal while a command in a guest has one of its own: as large, and every key goes there.

Only the standard library is imported, so that a command starts at once.
"""

import contextlib
import fcntl
import os
import signal
import struct
import termios
import tty
from collections.abc import Iterator

from elastinet.fabric.contract.streams import is_ours_to_read


def size(fd: int) -> tuple[int, int]:
    """The rows and columns of a terminal; none of what is no terminal."""
    try:
        rows, columns, _, _ = struct.unpack("4H", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return 0, 0
    return rows, columns


@contextlib.contextmanager
def like_ours(theirs: int, ours: int) -> Iterator[None]:
    """Have the command's terminal follow ours, if we have one."""
    if not os.isatty(ours):
        yield
        return
    with _following(os.dup(theirs), ours), _raw(ours):
        yield


@contextlib.contextmanager
def _following(theirs: int, ours: int) -> Iterator[None]:
    """Make the command's terminal as large as ours, and again whenever ours changes."""

    def resize(*_: object) -> None:
        with contextlib.suppress(OSError):  # the command, or our terminal, has gone
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", *size(ours), 0, 0))

    before = signal.signal(signal.SIGWINCH, resize)
    resize()
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
        os.close(theirs)


@contextlib.contextmanager
def _raw(fd: int) -> Iterator[None]:
    """Have every key reach the command as it is; a job in the background leaves the terminal to others."""
    if not is_ours_to_read(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
