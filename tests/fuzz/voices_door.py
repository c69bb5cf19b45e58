"""What a hostile guest says to /dev/log, to its console and to its init."""

import os
import random
import struct
import time
from pathlib import Path
from tempfile import TemporaryFile

from elastinet.fabric.contract import client
from elastinet.fabric.guest.console import CONSOLE, LIMIT, SYSLOG
from elastinet.fabric.guest.hearing import LONGEST, MOST_AT_ONCE
from elastinet.fabric.guest.initctl import MAGIC, REPORT, REQUEST, RUN_LEVEL, asked
from elastinet.serve.places import runtime_folder
from fuzz.mutation import mutated
from fuzz.place import Place

FRAME = struct.Struct("!BI")
TO_SYSLOG, TO_CONSOLE, TO_INIT = range(3)
SAYING = """
import os, socket, struct, sys
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.connect("/dev/log")
others = [os.open(path, os.O_WRONLY | os.O_NOCTTY) for path in ("/dev/console", "/run/initctl")]
while head := sys.stdin.buffer.read(5):
    kind, size = struct.unpack("!BI", head)
    data = sys.stdin.buffer.read(size)
    log.send(data) if kind == 0 else os.write(others[kind - 1], data)
"""
LINE = b"<13>Jan  1 00:00:00 host program[7]: a word"
STAY = REQUEST.pack(MAGIC, RUN_LEVEL, ord("3"), 0)
HEARD = REQUEST.pack(MAGIC, REPORT, 1, 7)
"""Requests that end no boot: another run level, and a report of a signal that asks for nothing."""
WORDS = (
    *(b"<", b">", b"<191>", b"<999999999999>", b"<\xb2>", b"<-1>", b"\n", b"\0", b"\x1b]0;t\x07", b"\xe2\x80\xae"),
    *(b"\r", b"elastinet: ", STAY[:12], HEARD[:16], b"x" * LONGEST, bytes(4096), b"\xff" * 384),
)  # fmt: skip
BATCH = 300
PATIENCE_SECONDS = 30


class VoicesDoor:
    """What an instance's programs may write to whoever runs it, by a program of the instance's."""

    name = "voices"

    def __init__(self, place: Place) -> None:
        self.place = place

    def send(self, dice: random.Random) -> int:
        """Say a batch; the last line of each log is as it was said, and the logs keep to their size."""
        to_init, said = b"", list[bytes]()
        for _ in range(BATCH):
            kind = dice.choice((TO_SYSLOG, TO_SYSLOG, TO_CONSOLE, TO_INIT))
            base = dice.choice((STAY, HEARD)) if kind == TO_INIT else LINE
            data = (base if dice.random() < 0.1 else mutated(dice, base, WORDS))[:100_000]
            if kind == TO_INIT:
                if ends_a_boot(to_init[-REQUEST.size :] + data):
                    continue
                to_init += data
            said.append(FRAME.pack(kind, len(data)) + data)
        mark = dice.randbytes(8).hex().encode()
        said += (
            FRAME.pack(kind, len(data)) + data for kind, data in ((0, b"<13>" + mark), (1, b"\n" + mark))
        )
        self._say(b"".join(said))
        for name in (SYSLOG, CONSOLE):
            self._judge(self.place.world.state / "disks" / self.place.hostile.id / name, mark)
        return len(said)

    def _say(self, frames: bytes) -> None:
        run, words = runtime_folder(self.place.world.port), ["python3", "-c", SAYING]
        with TemporaryFile() as said, TemporaryFile() as errors, open(os.devnull, "wb") as null:
            said.write(frames)
            said.seek(0)
            ends = {"stdin": said.fileno(), "stdout": null.fileno(), "stderr": errors.fileno()}
            status = client.run(run, self.place.hostile.id, words, **ends)
            errors.seek(0)
            assert status == 0, errors.read()

    def _judge(self, log: Path, mark: bytes) -> None:
        """The mark arrives, as a line of its own; a syslog has no other control characters than tabs."""
        end = time.monotonic() + PATIENCE_SECONDS
        while mark not in (heard := log.read_bytes()):
            assert time.monotonic() < end, (log, heard[-400:])
            time.sleep(0.02)
        assert len(heard) <= LIMIT + 16 * MOST_AT_ONCE
        if log.name == SYSLOG:
            assert heard.splitlines()[-1] == mark
            assert not set(heard) & (set(range(32)) - {9, 10}), heard[-400:]


def ends_a_boot(data: bytes) -> bool:
    """Whether any part of what is said, read from there on, would be a request that the instance obeys."""
    magic = struct.pack("=i", MAGIC)
    at = data.find(magic)
    while at >= 0:
        if asked(data[at : at + REQUEST.size].ljust(REQUEST.size, b"\0")):
            return True
        at = data.find(magic, at + 1)
    return False
