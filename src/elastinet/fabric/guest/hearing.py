"""What a guest says, heard as it comes, and no faster than a log is worth: who says more has to wait.

Everything here is a hostile guest's to send. However much it is, all other guests are heard as soon.
"""

import errno
import os
import socket
from collections.abc import Callable, Iterator
from functools import partial

from elastinet.fabric.kernel.loop import Concern, Loop, complain
from elastinet.fabric.kernel.worker import start_thread

Write = Callable[[bytes], None]
MOST_AT_ONCE = 1 << 16
BYTES_A_SECOND = 8 << 20
LEAST = 1 << 10
"""Bytes that each time of reading counts for, at least."""
UNHEARD_SECONDS = 1.0
"""The pause after which a terminal is tried again that nobody in the guest has open."""
MOST_MESSAGES, LONGEST = 64, 8192
"""Messages that are read at once; bytes that are kept of one, as rsyslog does."""


class Pace:
    """How long a voice has to be left alone after what it has said."""

    def __init__(self) -> None:
        self._said = 0

    def rest(self, count: int) -> float:
        """The seconds to wait after so many bytes more; 0 but for who says much."""
        self._said += max(count, LEAST)
        if self._said < MOST_AT_ONCE:
            return 0
        seconds, self._said = self._said / BYTES_A_SECOND, 0
        return seconds


class Stream:
    """One end of a pipe or of a terminal, whose bytes go to a log; it is closed after the last."""

    def __init__(self, fd: int, write: Write, loop: Loop, about: Concern) -> None:
        """The descriptor belongs to this from now on."""
        self._fd, self._write, self._loop, self._about = fd, write, loop, about
        self._pace = Pace()

    def listen(self) -> None:
        """Begin to hear, or go on; raises OSError."""
        if self._fd >= 0:
            self._loop.watch(self._fd, self._hear, self._about)

    def _hear(self) -> None:
        data = self._read()
        if data == b"":
            self.close()
        elif data is None:
            self._rest(UNHEARD_SECONDS)
        else:
            self._write(data)
            self._rest(self._pace.rest(len(data)))

    def _read(self) -> bytes | None:
        """What has come; None where nothing can come now, and nothing at the end."""
        try:
            return os.read(self._fd, MOST_AT_ONCE)
        except OSError as error:
            if error.errno not in (errno.EIO, errno.EAGAIN):
                raise
            return None

    def _rest(self, seconds: float) -> None:
        if seconds:
            self._loop.forget(self._fd)
            self._loop.later(seconds, self.listen, self._about)

    def finish(self) -> None:
        """Hear what is left of a terminal in which nobody is any more, and close it."""
        left = MOST_AT_ONCE
        while left > 0 and self._fd >= 0 and (data := self._read()):
            self._write(data)
            left -= len(data)
        self.close()

    def close(self) -> None:
        """Hear no more."""
        if self._fd >= 0:
            self._loop.forget(self._fd)
            os.close(self._fd)
            self._fd = -1


class Datagrams:
    """A socket whose messages go to a log, each as a line.

    They are read in a thread that is there for as long as there are any: a message may carry descriptors,
    and a sender's last descriptor of a socket that lingers would hold up whoever throws it away.
    """

    def __init__(self, fd: int, write: Write, loop: Loop, about: Concern) -> None:
        """The socket's descriptor belongs to this from now on."""
        self._socket, self._write, self._loop, self._about = socket.socket(fileno=fd), write, loop, about
        self._pace = Pace()
        self._is_over = self._is_read = False

    def listen(self) -> None:
        """Begin to hear, or go on; raises OSError."""
        if not self._is_over:
            self._loop.watch(self._socket.fileno(), self._hear, self._about)

    def _hear(self) -> None:
        self._loop.forget(self._socket.fileno())
        self._is_read = self._beside(self._read)
        if not self._is_read:
            self._loop.later(UNHEARD_SECONDS, self.listen, self._about)

    def _beside(self, work: Callable[[], None]) -> bool:
        """Do something in a thread of its own; false where there is none to be had now."""
        try:
            start_thread(work)
        except OSError as error:
            complain(str(error))
            return False
        return True

    def _read(self) -> None:
        """Take what is there, in a thread."""
        lines = list(_messages(self._socket))
        self._loop.soon(partial(self._heard, lines), self._about)

    def _heard(self, lines: list[bytes]) -> None:
        self._is_read = False
        self._write(b"".join(lines))
        seconds = self._pace.rest(sum(max(len(line), LEAST) for line in lines))
        if self._is_over:
            self._close()
        elif seconds:
            self._loop.later(seconds, self.listen, self._about)
        else:
            self.listen()

    def finish(self) -> None:
        """Hear what is left, and close; that may take as long as the guest has arranged."""
        if not self._is_over:
            self._is_over = True
            self._loop.forget(self._socket.fileno())
            if not (self._is_read or self._beside(self._read)):
                self._close()

    def _close(self) -> None:
        if not self._beside(self._socket.close):
            self._loop.later(UNHEARD_SECONDS, self._close, self._about)


def _messages(heard: socket.socket) -> Iterator[bytes]:
    """The messages that have come, as lines."""
    for _ in range(MOST_MESSAGES):
        try:
            yield _line(heard.recv(LONGEST, socket.MSG_DONTWAIT))
        except OSError:  # there is no more, or no memory for it now
            return


def _line(message: bytes) -> bytes:
    """A message as a line of a log: without its priority, and with no other line in it."""
    priority, mark, rest = message.partition(b">")
    if mark and priority[:1] == b"<" and priority[1:].isdigit():
        message = rest
    text = message.rstrip(b"\0\n")
    return b"".join(b"#%03o" % byte if byte < 32 and byte != 9 else bytes((byte,)) for byte in text) + b"\n"
