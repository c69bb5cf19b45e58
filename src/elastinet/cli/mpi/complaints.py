"""mpirun's standard error on its way to ours, without a warning and zeros that mean nothing."""

import os

CHUNK = 65536
WARNING = b"sh: Warning: setpgid("
"""Said when the script in ssh's place has begun before mpirun made a process group of it; it does so too."""
ZERO = b"\0"
"""What Open MPI 5 writes after each message of its own, which thus begins the next line."""


class Complaints:
    """Our end, which never waits, of the pipe for what mpirun says, and where it goes."""

    def __init__(self, ours: int, out: int) -> None:
        self._ours, self._out = ours, out
        self._held = b""

    def fileno(self) -> int:
        """The descriptor that is readable when mpirun has written to its standard error."""
        return self._ours

    def pass_on(self) -> bool:
        """Pass on what there is, but a line that may be the warning only as a whole; false at the end."""
        try:
            while data := os.read(self._ours, CHUNK):
                *lines, self._held = (self._held + data).split(b"\n")
                for line in lines:
                    if WARNING not in line:
                        self._write(line.removeprefix(ZERO) + b"\n")
                self._held = self._held.removeprefix(ZERO)
                if not self._held.startswith(b"["):
                    self._flush()
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """Pass on the rest, and end."""
        self.pass_on()
        self._flush()
        os.close(self._ours)

    def _flush(self) -> None:
        self._write(self._held)
        self._held = b""

    def _write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._out, data) :]
