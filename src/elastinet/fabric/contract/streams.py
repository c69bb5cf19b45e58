"""Bytes between a command's pipes and the descriptors of who runs it, each way in a thread of its own.

Only the standard library is imported, so that a command starts at once. A guest gets none of the
descriptors here, so what it does with its own (reopen, change, keep them) ends where its pipe ends.
"""

import _thread
import contextlib
import errno
import fcntl
import os
import select
import signal
import stat
import struct
import termios
from collections.abc import Iterator, Sequence

CHUNK = 1 << 18
LEFT_BYTES = 1 << 20
"""No pipe of a guest's holds more: what comes after that is not what the command has left in it."""
BACKGROUND_MS = 200
GONE = (errno.EPIPE, errno.EIO)
"""Errors of a pipe, and of a terminal, whose other end is closed."""
UNTAKEN = (errno.EPIPE, errno.EBADF)
"""Errors of an output that nobody reads any more, or that the caller has closed."""
TERMINAL_END = b"\x04"
"""The byte that ends a program's input on a terminal (Ctrl-D); the terminal itself stays."""


class Streams:
    """Copies until the command is over. Its ends belong to the streams from now on, `fds` stay the caller's.

    `ends` are where the input goes, its reader's end, and one for each output; those of a terminal are
    twice the same. Of `fds` the first is read and the others are written to, and one that is closed is as
    good as one at its end.
    """

    def __init__(self, ends: Sequence[int], fds: Sequence[int]) -> None:
        ended, self._end = os.pipe2(os.O_CLOEXEC)
        source, *targets = map(_own, fds)
        if len(ends) == 1:
            ends = (os.dup(ends[0]), -1, ends[0])
        into, unread, *outs = ends
        self._input = _Input(into, unread, source, os.dup(ended))
        self._outputs = [
            _Output(out, target, os.dup(ended)) for out, target in zip(outs, targets, strict=True)
        ]
        os.close(ended)
        for copy in (self._input, *self._outputs):
            copy.start()

    def __enter__(self) -> "Streams":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def finish(self) -> None:
        """Copy what the command has left; raises OSError if something could not be read or written.

        Nobody hears what others in the guest say to its pipes afterwards.
        """
        self._stop()
        for copy in self._outputs:
            copy.join()
        if self._input.rewinds:
            self._input.join()
        errors = [copy.error for copy in (*self._outputs, self._input) if copy.error]
        if errors:
            raise errors[0]

    def _stop(self) -> None:
        if self._end >= 0:
            os.close(self._end)
            self._end = -1


class _Copy:
    """One way: from where to where, both closed in the end.

    `error` is why not all could be copied.
    """

    error: OSError | None = None

    def __init__(self, source: int, target: int, ended: int) -> None:
        self._running = _thread.allocate_lock()
        self._source, self._target, self._ended = source, target, ended
        self._room: memoryview | None = None

    def start(self) -> None:
        """Begin, in a thread that does not hold up our own end; of Python's the plainest begins at once."""
        self._running.acquire()
        _thread.start_new_thread(self._run, ())

    def join(self) -> None:
        """Wait for the end."""
        with self._running:
            pass

    def _run(self) -> None:
        try:
            self._copy()
        except OSError as error:
            self.error = None if error.errno in UNTAKEN else error
        finally:
            for fd in (self._source, self._target, self._ended):
                if fd >= 0:
                    os.close(fd)
            self._running.release()

    def _take(self) -> memoryview:
        """Read what is there, valid until the next call; empty at the end, and of an unreadable source."""
        if self._room is None:
            self._room = memoryview(bytearray(CHUNK))
        try:
            return self._room[: os.readv(self._source, [self._room])]
        except OSError as error:
            if error.errno == errno.EBADF or (error.errno == errno.EIO and os.isatty(self._source)):
                return self._room[:0]  # nohup gives such an input; a terminal has gone
            raise

    def _copy(self) -> None:
        raise NotImplementedError

    def _goes_on(self, fd: int, event: int, most_ms: int | None = None) -> bool:
        """Wait until a descriptor is ready; false if the command is over."""
        poll = select.poll()
        poll.register(self._ended, 0)
        if fd >= 0:
            poll.register(fd, event)
        return self._ended not in dict(poll.poll(most_ms))


class _Input(_Copy):
    """The command's input. A file's position is put back to where the command has stopped reading."""

    def __init__(self, into: int, unread: int, source: int, ended: int) -> None:
        super().__init__(source, into, ended)
        self.rewinds = stat.S_ISREG(os.fstat(source).st_mode)
        self._begin = os.lseek(source, 0, os.SEEK_CUR) if self.rewinds else 0
        self._unread = unread
        self._is_terminal = unread < 0
        if unread >= 0 and not self.rewinds:
            os.close(unread)

    def _copy(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN})  # a terminal refuses, and stops nobody
        left = 0
        while not left and (data := self._read()):
            left = self._write(data)
        if self._is_terminal:
            self._write(TERMINAL_END)
        elif self.rewinds:
            self._give_back(left)

    def _read(self) -> memoryview | None:
        """Some input; none at its end, and when the command is over."""
        while True:
            while not is_ours_to_read(self._source):
                if not self._goes_on(-1, 0, BACKGROUND_MS):
                    return None
            if not self._goes_on(self._source, select.POLLIN):
                return None
            data = self._take()  # nothing, too, if a terminal is somebody else's by now
            if data or is_ours_to_read(self._source):
                return data

    def _write(self, data: bytes | memoryview) -> int:
        """Write all, unless the command reads no more; gives how much is left."""
        while data and self._goes_on(self._target, select.POLLOUT):
            try:
                data = data[os.write(self._target, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                if error.errno not in GONE:
                    raise
                break
        return len(data)

    def _give_back(self, left: int) -> None:
        """Once the command is over, go back in the file to where it has read."""
        os.close(self._target)
        self._target = -1
        self._goes_on(-1, 0)
        (unread,) = struct.unpack("i", fcntl.ioctl(self._unread, termios.FIONREAD, bytes(4)))
        os.close(self._unread)
        now = os.lseek(self._source, 0, os.SEEK_CUR)
        os.lseek(self._source, max(self._begin, now - unread - left), os.SEEK_SET)  # it may say what it likes


class _Output(_Copy):
    """The command's output."""

    def _copy(self) -> None:
        while self._goes_on(self._source, select.POLLIN):
            if self._pass_on() == 0:
                return
        left = LEFT_BYTES
        while left > 0 and (passed := self._pass_on()):
            left -= passed

    def _pass_on(self) -> int | None:
        """Copy what there is, None is nothing yet; 0 at the end."""
        try:
            data = self._take()
            write_all(self._target, data)
        except BlockingIOError:
            return None
        return len(data)


def write_all(fd: int, data: memoryview) -> None:
    """Write everything, also to what somebody has set not to wait."""
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])


@contextlib.contextmanager
def held(fds: Sequence[int]) -> Iterator[list[int]]:
    """Hold descriptors while others are opened, which could come to be in the place of one that is closed."""
    own = [_own(fd) for fd in fds]
    try:
        yield own
    finally:
        for fd in own:
            os.close(fd)


def _own(fd: int) -> int:
    """A descriptor of our own of the same file, of nothing if it is closed."""
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    except OSError:
        return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)


def is_ours_to_read(fd: int) -> bool:
    """True if a read does not stop us: a terminal is for the process group in its foreground only."""
    with contextlib.suppress(OSError):  # no terminal, or not that of our session
        return os.tcgetpgrp(fd) == os.getpgrp()
    return True


def same(one: int, other: int) -> bool:
    """True if two descriptors are of the same file, so that the order of writes to them matters."""
    with contextlib.suppress(OSError):
        return os.path.sameopenfile(one, other)
    return False
