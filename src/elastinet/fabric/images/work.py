"""The process that makes a content, of an archive or of an instance's disk. The agent starts and ends it.

It tells, in lines of JSON on its standard output, how far it is, and at the end what there is, or why there
is nothing. Whatever it has not finished the agent deletes.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from elastinet.fabric.contract.content import ABOUT, IDS, ROOT, About
from elastinet.fabric.guest import diskwatch
from elastinet.fabric.guest.ids import COUNT
from elastinet.fabric.images import confined, copying, looking
from elastinet.fabric.images.extraction import Bounds
from elastinet.fabric.images.refused import RefusedError
from elastinet.fabric.kernel import kernel, privileges

MOST_FILES, MOST_BYTES = 1_000_000, 64 << 30


class Request(msgspec.Struct, frozen=True):
    """What is to be made: in a folder, `fresh`, of a name that nothing else has, below that of all contents.

    With a `disk` it is a copy of what that one has changed, over the contents of `base`.
    """

    folder: str
    fresh: str
    first: int
    uid_map: str
    gid_map: str
    suid: bool
    disk: str = ""
    base: tuple[str, ...] = ()
    files: int = MOST_FILES
    bytes: int = MOST_BYTES


def main(asked: dict[str, Any], fds: Sequence[int]) -> None:
    """Do what is asked, and tell; the descriptors are what is read, and where it is told."""
    os.setsid()
    os.umask(0o077)
    request = msgspec.convert(asked, Request)
    privileges.place([*fds, 2])
    try:
        told = _copied(request) if request.disk else _imported(request)
    except (RefusedError, OSError, msgspec.MsgspecError) as error:
        told = {"error": confined.said(error)}
    os.write(confined.OUT, json.dumps(told).encode() + b"\n")


def _imported(request: Request) -> dict[str, Any]:
    folder = Path(request.folder)
    root = _begin(folder / request.fresh, request.first)
    found = _taken_apart(request, root)
    about = looking.look(root, os.uname().machine, found["files"], found["bytes"])
    return _keep(folder, request, found["content"], about)


def _begin(fresh: Path, first: int) -> Path:
    fresh.mkdir(mode=0o700)
    root = fresh / ROOT
    root.mkdir()
    root.chmod(0o755)
    if first:
        os.chown(root, first, first)
    return root


def _keep(folder: Path, request: Request, content: str, about: About) -> dict[str, Any]:
    """Name what was made after its content; it may be here already."""
    fresh, place = folder / request.fresh, folder / content
    (fresh / ABOUT).write_bytes(msgspec.json.encode(about))
    (fresh / IDS).write_text(str(request.first), encoding="utf-8")
    try:
        fresh.rename(place)
    except OSError:
        if not (place / ABOUT).exists():
            raise
    return {"content": content, "is_new": not fresh.exists()}


def _taken_apart(request: Request, root: Path) -> dict[str, Any]:
    """Have the archive on standard input taken apart by a confined process."""
    held = {int(count) for _, _, count in (line.split() for line in request.uid_map.splitlines())}
    size = min(COUNT, max(held)) if len(held) == 1 else COUNT
    keep = diskwatch.little(root) // diskwatch.NEXT_TO_NOTHING
    bounds = Bounds(request.files, request.bytes, keep, size, request.suid)
    target = os.open(root, os.O_PATH | os.O_DIRECTORY)
    spool = _spool(Path(request.folder))
    answer, answering = os.pipe()
    ready, mapped = os.pipe()
    child = kernel.clone(confined.NAMESPACES)
    if not child:
        os.close(mapped)
        os.read(ready, 1)
        confined.take_apart(0, target, spool, answering, bounds)
    for fd in (answering, ready, spool, target):
        os.close(fd)
    Path(f"/proc/{child}/uid_map").write_text(request.uid_map, encoding="utf-8")
    Path(f"/proc/{child}/gid_map").write_text(request.gid_map, encoding="utf-8")
    os.write(mapped, b".")
    with open(answer, "rb") as answers:
        data = answers.read()
    os.waitpid(child, 0)
    found: dict[str, Any] = json.loads(data or b'{"error": "it was ended by the kernel"}')
    if "error" in found:
        raise RefusedError(found["error"])
    return found


def _spool(folder: Path) -> int:
    """A file without a name."""
    name = folder / f".{os.urandom(8).hex()}.spool"
    fd = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    name.unlink()
    return fd


def _copied(request: Request) -> dict[str, Any]:
    folder = Path(request.folder)
    root = _begin(folder / request.fresh, request.first)
    files, size = copying.copy(Path(request.disk), root, request.first)
    below = folder / request.base[0] / ABOUT if request.base else None
    machine = os.uname().machine
    about = (
        msgspec.json.decode(below.read_bytes(), type=About)
        if below
        else About(looking.OWN.get(machine, machine), over_machine=True)
    )
    total = about.bytes + size
    about = msgspec.structs.replace(about, files=about.files + files, bytes=total, base=request.base)
    return _keep(folder, request, os.urandom(32).hex(), about)
