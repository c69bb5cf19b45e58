"""The files of a dump, as somebody else has left them: inside their folder only, and not for ever."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from elastinet.dumps.finding import DumpError, Finding, shown

MOST_FILES, MOST_FILE_BYTES, MOST_BYTES, MOST_FOLDERS_DEEP = 20_000, 256 << 20, 1 << 30, 16
ENDINGS = (".json", ".tfstate")
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
"""How files begin that PowerShell has written."""


class Document(NamedTuple):
    """A file of a dump: its place in it, and what it says."""

    file: str
    value: Any


def documents(root: Path, findings: list[Finding]) -> Iterator[Document]:
    """The JSON in a folder, or in one file; what is left out is said."""
    left = MOST_BYTES
    for number, path in enumerate(_files(root, findings)):
        name = shown(path.relative_to(root)) if path != root else shown(root.name)
        if number >= MOST_FILES:
            raise DumpError(f"more than {MOST_FILES} files: is this the folder of a dump?")
        if not path.name.endswith(ENDINGS):
            findings.append(Finding(name, "left out: its name does not end in .json or .tfstate"))
            continue
        data = _content(path, name, findings)
        left -= len(data or b"")
        if left < 0:
            raise DumpError(f"more than {MOST_BYTES >> 20} MiB of files: is this the folder of a dump?")
        if data is not None:
            yield from _parsed(name, data, findings)


def _files(root: Path, findings: list[Finding]) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    if not root.is_dir():
        raise DumpError(f"{shown(root)}: no such folder or file")

    def lost(error: OSError) -> None:
        findings.append(Finding(shown(error.filename or ""), f"left out: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=lost):
        here = Path(folder)
        for name in sorted(folders):
            if _is_out(here / name, root, findings):
                folders.remove(name)
        folders.sort()
        yield from (here / name for name in sorted(names))


def _is_out(folder: Path, root: Path, findings: list[Finding]) -> bool:
    """True for a folder that is not gone into: hidden, a link, or too deep."""
    inside = folder.relative_to(root)
    if inside.name.startswith("."):
        return True
    if folder.is_symlink():
        findings.append(Finding(shown(inside), "left out: a link to a folder"))
        return True
    if len(inside.parts) > MOST_FOLDERS_DEEP:
        findings.append(Finding(shown(inside), f"left out: more than {MOST_FOLDERS_DEEP} folders deep"))
        return True
    return False


def _content(path: Path, name: str, findings: list[Finding]) -> bytes | None:
    """What is in a regular file; a link is not followed, a pipe not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        reason = "a link" if path.is_symlink() else error.strerror
        findings.append(Finding(name, f"left out: {reason}"))
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            findings.append(Finding(name, "left out: not a regular file"))
        elif status.st_size > MOST_FILE_BYTES:
            findings.append(Finding(name, f"left out: larger than {MOST_FILE_BYTES >> 20} MiB"))
        else:
            return file.read(MOST_FILE_BYTES)
    return None


def _parsed(name: str, data: bytes, findings: list[Finding]) -> Iterator[Document]:
    try:
        coding = next((coding for mark, coding in BOMS if data.startswith(mark)), None)
        yield Document(name, msgspec.json.decode(data.decode(coding) if coding else data))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else shown(error)
        findings.append(Finding(name, f"left out: not JSON ({reason})"))
