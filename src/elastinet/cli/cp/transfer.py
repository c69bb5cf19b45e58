"""A command in an instance that reads or writes what is copied, and what it has to say of it."""

import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import BinaryIO, Literal, NamedTuple

from elastinet.fabric.contract.client import Command, request
from elastinet.fabric.contract.streams import Streams

HOME = "/root"
BUFFER = 1 << 20
LINGER_SECONDS = 10
KEPT_BYTES = 1 << 12


class Guest(NamedTuple):
    """An instance that runs, and the folder of its server's sockets."""

    run: Path
    id: str

    def asked(self, argv: Sequence[str]) -> Mapping[str, object]:
        """The message that has a command run there; its paths begin in root's home, as with ssh."""
        return request(self.id, argv, cwd=HOME, env={"TAR_OPTIONS": "--format=gnu"})


class Failure(Exception):
    """The command in the instance has failed; the text is its own."""


class Said(Thread):
    """What a command writes to its standard error: the first of it, and all else is passed over."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._out, self.into = os.pipe2(os.O_CLOEXEC)
        self._kept = b""
        self.start()

    def run(self) -> None:
        """Read to the end."""
        with open(self._out, "rb", buffering=0) as out:
            while data := out.read(KEPT_BYTES):
                self._kept = (self._kept + data)[:KEPT_BYTES]

    def text(self) -> str:
        """All that was said, in one line."""
        self.join(LINGER_SECONDS)
        return "; ".join(self._kept.decode(errors="replace").split("\n")).strip("; ")


class Transfer:
    """The command while it runs, and our end of its input or of its output.

    Whoever leaves early, by Ctrl-C or a refusal, ends the command.
    """

    def __init__(self, guest: Guest, argv: Sequence[str], way: Literal["in", "out"]) -> None:
        self._said = Said()
        out, into = os.pipe2(os.O_CLOEXEC)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        theirs, ours = (out, into) if way == "in" else (into, out)
        ends = [theirs, null] if way == "in" else [null, theirs]
        self.ours: BinaryIO = os.fdopen(ours, "wb" if way == "in" else "rb", BUFFER)
        try:
            self._command = Command(guest.run, guest.asked(argv))
            self._streams = Streams(self._command.ends, [*ends, self._said.into])
        except BaseException:
            self.ours.close()
            raise
        finally:
            for fd in (theirs, null, self._said.into):
                os.close(fd)

    def __enter__(self) -> "Transfer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: TracebackType | BaseException | None) -> None:
        with _unless_unread():
            self.ours.close()
        self._streams.__exit__()
        self._command.close()

    def finish(self) -> None:
        """Wait for the command's end; Failure where it says that something was wrong."""
        if (status := self.status()) != 0:
            raise Failure(self._said.text() or f"the command in the instance ended with status {status}")

    def status(self) -> int:
        """Wait for the command's exit status; what it still has to write is passed over."""
        with _unless_unread():
            self.ours.close()
        waiting = select.poll()
        waiting.register(self._command.fileno(), select.POLLIN)
        if not waiting.poll(LINGER_SECONDS * 1000):
            raise Failure("the command in the instance does not end")
        status = self._command.wait()
        self._streams.finish()
        return status


@contextmanager
def _unless_unread() -> Iterator[None]:
    """Write the last of what nobody may read any more: why, the command's status says."""
    with suppress(BrokenPipeError):
        yield
