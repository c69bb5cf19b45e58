"""A state in one file: a line that says what it is, one of JSON about it, and a line of the journal, packed.

The line of JSON has a digest of what follows, so that a file that was cut or damaged is told from a
whole one.
"""

import hashlib
import zlib
from collections.abc import Iterable

import msgspec

from elastinet.model.change import Change, Entry, decode, encode, entry
from elastinet.model.noun import Noun

MAGIC = b"elastinet snapshot\n"
FORMAT = 1
MOST_BYTES = 1 << 24
"""Of a whole snapshot: a server takes it in one piece."""
MOST_UNPACKED_BYTES = 1 << 27
MOST_HEAD_BYTES = 1 << 12
OPERATION = "Snapshot"


class SnapshotError(Exception):
    """A file is no snapshot that can be used here; the message says why."""


class Head(msgspec.Struct, frozen=True):
    """What a snapshot says of itself: by which elastinet, when (seconds since 1970), of which account.

    `account` is "" where it is of all accounts.
    """

    format: int
    program: str
    time: float
    account: str
    digest: str


class Snapshot(msgspec.Struct, frozen=True):
    """A state of one account, or of all."""

    head: Head
    nouns: tuple[Noun, ...]


def write(nouns: Iterable[Noun], *, program: str, time: float, account: str = "") -> bytes:
    """A snapshot as bytes."""
    line = entry(OPERATION, time, [Change(type(noun), noun.id, None, noun) for noun in nouns])
    body = zlib.compress(encode(line), level=1)
    head = Head(FORMAT, program, time, account, hashlib.sha256(body).hexdigest())
    return MAGIC + msgspec.json.encode(head) + b"\n" + body


def read(data: bytes, program: str) -> Snapshot:
    """A snapshot from bytes; raises SnapshotError for anything else, and for a newer elastinet's."""
    if not data.startswith(MAGIC):
        raise SnapshotError("it is no snapshot of elastinet's")
    end = data.find(b"\n", len(MAGIC), MOST_HEAD_BYTES)
    head = _head(data[len(MAGIC) : end] if end > 0 else b"")
    _check_age(head, program)
    body = data[end + 1 :]
    if hashlib.sha256(body).hexdigest() != head.digest:
        raise SnapshotError("it is damaged, or was cut")
    line = _line(body)
    if line.operation != OPERATION or line.drop:
        raise SnapshotError("it is no snapshot of elastinet's")
    return Snapshot(head, line.put)


def _line(body: bytes) -> Entry:
    packed = zlib.decompressobj()
    try:
        data = packed.decompress(body, MOST_UNPACKED_BYTES)
        if packed.unconsumed_tail:
            raise SnapshotError(f"it has more than {MOST_UNPACKED_BYTES >> 20} MiB, unpacked")
        return decode(data)
    except SnapshotError:
        raise
    except Exception as error:  # zlib's, msgspec's, or Python's own of what is nested too deep
        raise SnapshotError("it says what no elastinet of this version writes") from error


def _head(line: bytes) -> Head:
    try:
        return msgspec.json.decode(line, type=Head)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SnapshotError("it is damaged, or was cut") from error


def _check_age(head: Head, program: str) -> None:
    """Refuse what a newer elastinet has written: what it knows more would be lost in silence."""
    if head.format > FORMAT or _numbers(head.program) > _numbers(program):
        raise SnapshotError(f"a newer elastinet has written it ({head.program[:20]!a}): this is {program}")


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".", 3)[:3]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        raise SnapshotError("it is damaged, or was cut")
    return tuple(map(int, parts))
