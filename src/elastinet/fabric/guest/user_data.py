"""User data as programs of a first boot: taken out of its envelopes, by the kinds that cloud-init knows.

The kinds, their order and when they run are cloud-init's (its page "User data formats", and its handlers).
What is read here needs no cloud-init in the instance; what does need it is named, so that somebody can be
told. The data is its writer's, who may be anybody: whatever it says, to read it ends soon and takes little.
"""

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from elastinet.fabric.guest.first_programs import Program, Reading, When

if TYPE_CHECKING:
    from email.message import Message

LARGEST = 10 << 20
"""The most bytes of all that is unpacked."""
MOST_PARTS, MOST_ENVELOPES, MOST_LINES = 100, 10, 50_000
"""How much of MIME is read: Python's parser asks for each line about each envelope that it is in."""
GZIP = b"\x1f\x8b"
MIME, MIME_WITHIN = b"mime-version:", 4096
"""The mark of a MIME message, and as far from the beginning cloud-init looks for it."""


class Kind(NamedTuple):
    """A kind of program: its folder, when it runs, and its place among the kinds."""

    folder: str
    when: When
    place: int


INSTANCE, SCRIPTS = "/var/lib/cloud/instance", "/var/lib/cloud/scripts"
HOOK, SCRIPT = "text/cloud-boothook", "text/x-shellscript"
KINDS = {
    HOOK: Kind(f"{INSTANCE}/boothooks", "boot", 0),
    f"{SCRIPT}-per-once": Kind(f"{SCRIPTS}/per-once", "instance", 1),
    f"{SCRIPT}-per-boot": Kind(f"{SCRIPTS}/per-boot", "boot", 2),
    f"{SCRIPT}-per-instance": Kind(f"{SCRIPTS}/per-instance", "instance", 3),
    SCRIPT: Kind(f"{INSTANCE}/scripts", "instance", 4),
}
"""The kinds that are run, by media type."""
HOOK_MARK = b"#cloud-boothook"
MARKS = {
    b"#!": SCRIPT,
    HOOK_MARK: HOOK,
    b"#cloud-config-archive": "text/cloud-config-archive",
    b"#cloud-config": "text/cloud-config",
    b"#include-once": "text/x-include-once-url",
    b"#include": "text/x-include-url",
    b"#part-handler": "text/part-handler",
    b"#upstart-job": "text/upstart-job",
    b"## template: jinja": "text/jinja2",
}
"""How a part says by itself what it is; the longer of two that begin alike comes first."""
UNTOLD = ("text/plain", "text/x-not-multipart")
"""Media types that leave it to the part itself."""
NO_CLOUD_INIT = "{} needs an image with cloud-init, and is not run"
NO_MARK = "what begins with {!r} is of no kind that cloud-init knows, and is not run"
TWICE = "{} is there twice: the last one is run"


class UnreadableError(Exception):
    """User data that is too much, or damaged; says so."""


class Part(NamedTuple):
    """A part without an envelope: its media type, "" for none that is known, its name, and its bytes."""

    kind: str
    name: str
    data: bytes


def read(data: bytes) -> Reading:
    """Take user data apart; whatever it is, the answer says what becomes of it."""
    if not data.strip():
        return Reading()
    try:
        parts = list(_Opening().parts(data))
    except UnreadableError as error:
        return Reading(unread=(f"{error}: nothing of it is run",))
    programs: dict[str, tuple[Kind, Program]] = {}
    unread = [_why_unread(part) for part in parts if part.kind not in KINDS]
    for number, part in enumerate(parts, 1):
        if kind := KINDS.get(part.kind):
            path = f"{kind.folder}/{_file_name(part.name, number)}"
            if programs.pop(path, None):
                unread.append(TWICE.format(path))
            programs[path] = kind, Program(path, _body(part), kind.when)
    return Reading(tuple(program for _, program in sorted(programs.values(), key=_place)), tuple(unread))


def _place(pair: tuple[Kind, Program]) -> tuple[int, str]:
    """Boothooks run as they come, scripts of one folder by name."""
    kind, program = pair
    return kind.place, program.path if kind.place else ""


def _why_unread(part: Part) -> str:
    if not part.kind:
        return NO_MARK.format(part.data[:20].decode(errors="replace"))
    marks = {kind: mark.decode() for mark, kind in MARKS.items()}
    return NO_CLOUD_INIT.format(marks.get(part.kind, part.kind))


def _body(part: Part) -> bytes:
    """The file of a program: with Unix line ends, a boothook without its mark."""
    first, _, _ = part.data.partition(b"\n")
    data = part.data.replace(b"\r\n", b"\n") if first.endswith(b"\r") else part.data
    return data.removeprefix(HOOK_MARK).lstrip() if part.kind == HOOK else data


def _file_name(name: str, number: int) -> str:
    """A part's name as a file's: with nothing in it that leads elsewhere."""
    clean = re.sub(r"[^A-Za-z0-9._()-]", "", name.replace("/", "_"))
    return clean if clean.strip(".") else f"part-{number:03d}"


class _Opening:
    """The way through the envelopes, which counts what comes out of them."""

    def __init__(self) -> None:
        self._left = LARGEST
        self._envelopes = 0
        self._parts = 0

    def parts(self, data: bytes, kind: str = "", name: str = "") -> Iterator[Part]:
        """Give all parts of what has this media type, "" or one of UNTOLD if it may be anything."""
        if data.startswith(GZIP):
            self._open()
            yield from self.parts(self._unpacked(data), UNTOLD[0] if "zip" in kind else kind, name)
        elif kind == "" and MIME in data[:MIME_WITHIN].lower():
            self._open(data.lower().count(b"multipart/"))
            if data.count(b"\n") > MOST_LINES:
                raise UnreadableError(f"its MIME message has more than {MOST_LINES} lines")
            from email.parser import BytesParser  # which few instances need, and takes its time

            yield from self._of_message(BytesParser().parsebytes(data))
        else:
            self._parts += 1
            if self._parts > MOST_PARTS:
                raise UnreadableError(f"it has more than {MOST_PARTS} parts")
            yield Part(_mark(data) if kind in ("", *UNTOLD) else kind, name, data)

    def _of_message(self, message: "Message[str, str]") -> Iterator[Part]:
        for part in message.walk():
            if not part.is_multipart():
                data = part.get_payload(decode=True)
                assert isinstance(data, bytes)
                yield from self.parts(data, part.get_content_type(), part.get_filename() or "")

    def _open(self, envelopes: int = 1) -> None:
        self._envelopes += envelopes
        if self._envelopes > MOST_ENVELOPES:
            raise UnreadableError(f"it has more than {MOST_ENVELOPES} envelopes")

    def _unpacked(self, data: bytes) -> bytes:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            found = unpacking.decompress(data, self._left + 1)
        except zlib.error as error:
            raise UnreadableError(f"its gzip data is damaged ({error})") from None
        self._left -= len(found)
        if self._left < 0:
            raise UnreadableError(f"it is larger than {LARGEST} bytes when it is unpacked")
        if not unpacking.eof:
            raise UnreadableError("its gzip data is not all there")
        return found


def _mark(data: bytes) -> str:
    """The media type that a part names by its first line; "" if it names none."""
    start = data.lstrip()
    return next((kind for mark, kind in MARKS.items() if start.lower().startswith(mark)), "")
