"""The descriptors of a program in a guest: made inside, so that nothing of the machine's is among them.

Runs in the process that becomes the program, once it is in the guest. What belongs to the guest's root by
then it may reopen, change and keep, so a file or a terminal of the machine's must never be what it is given.
"""

import contextlib
import fcntl
import os
import struct
import termios
from collections.abc import Sequence

from elastinet.fabric.guest.devices import MULTIPLEXER, UNLOCK

NULL, SENT, SAME, IN, OUT, TERMINAL = "null", "sent", "same", "in", "out", "terminal"
"""Kinds of descriptors: /dev/null, the next one sent along, the same as the one before, a pipe that is
read or written, a terminal."""
PIPES, TOGETHER, ON_TERMINAL = (IN, OUT, OUT), (IN, OUT, SAME), (TERMINAL, SAME, SAME)
"""The descriptors 0, 1 and 2 of a command: apart, with one pipe for all that it says, or a terminal."""
PIPE_BYTES = 1 << 18
OPEN_PEER = 0x5441
"""TIOCGPTPEER, which opens the terminal of a multiplexer's descriptor, by no name."""


def make(
    words: Sequence[str], sent: Sequence[int], size: Sequence[int] = (0, 0)
) -> tuple[list[int], list[int]]:
    """Make descriptors; gives those of the program, and what is handed back to who runs it.

    That is the other end of what is written, both ends of what is read, so that he knows what has not
    been, and the other side of a terminal, which has a size in rows and columns.
    """
    theirs: list[int] = []
    ours: list[int] = []
    waiting = iter(sent)
    for word in words:
        if word in (IN, OUT, TERMINAL):
            end, *others = _terminal(size) if word == TERMINAL else _pipe(word)
            theirs.append(end)
            ours += others
        else:
            theirs.append(_null() if word == NULL else theirs[-1] if word == SAME else next(waiting))
    return theirs, ours


def _null() -> int:
    """The guest's own: whatever its root has put there, opening it does not wait."""
    fd = os.open("/dev/null", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(fd, True)
    return fd


def _pipe(word: str) -> tuple[int, ...]:
    """A large pipe, if this user may have it; our end never waits."""
    out, into = os.pipe2(os.O_CLOEXEC)
    theirs, ours = (out, into) if word == IN else (into, out)
    with contextlib.suppress(OSError):  # a user's pipes have all the memory that they may: it stays small
        fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.set_blocking(ours, False)
    return (theirs, ours, os.dup(theirs)) if word == IN else (theirs, ours)


def _terminal(size: Sequence[int]) -> tuple[int, int]:
    """A terminal of the guest's own kind; a guest that put something else in its place gets none."""
    try:
        ours = os.open(MULTIPLEXER, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(ours, UNLOCK, struct.pack("i", 0))
        theirs = fcntl.ioctl(ours, OPEN_PEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise OSError(f"{MULTIPLEXER} gives no terminal: {error.strerror}") from None
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
    return theirs, ours
