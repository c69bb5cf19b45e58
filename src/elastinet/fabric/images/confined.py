"""An archive, taken apart by a process that can do no harm: root of a user namespace, with a guest's ids.

It reads and unpacks; each layer's files are written by a process of its own, whose root is the folder that
they come into. So nothing that an archive says reaches a file of the machine's.
"""

import hashlib
import json
import os
import resource
import signal
from collections.abc import Iterator
from typing import IO, Any, NoReturn

from elastinet.fabric.guest import seccomp
from elastinet.fabric.guest.ids import become_root
from elastinet.fabric.images.archive import Archive, is_of_layers
from elastinet.fabric.images.extraction import Bounds, Extraction
from elastinet.fabric.images.formats import CHUNK, Ahead, check_tar, unpacked
from elastinet.fabric.images.refused import RefusedError
from elastinet.fabric.kernel import kernel, privileges

NAMESPACES = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
MOST_MEMORY = 1 << 30
MOST_DESCRIPTORS = 1024
OUT = 1
"""The descriptor on which it is told how far an import is."""


def take_apart(source: int, target: int, spool: int, answer: int, bounds: Bounds) -> NoReturn:
    """Be the process that reads `source` and has its files put into the folder `target`; it answers once.

    `spool` is a file without a name for an archive that comes as a stream.
    """
    try:
        become_root()
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        seccomp.load()
        privileges.drop()
        told = _Reading(target, bounds).all_of(source, spool)
    except BaseException as error:
        told = {"error": said(error)}
    os.write(answer, json.dumps(told).encode())
    os._exit(0)


def said(error: BaseException) -> str:
    """One line on what went wrong with an archive."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, MemoryError):
        return "it asks for more memory than an import may have"
    if isinstance(error, OSError) and error.errno and type(error).__module__ == "builtins":
        where = f": {error.filename!a}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where[:200]}"
    return f"it is damaged ({type(error).__name__}: {str(error)[:200]})"


class _Reading:
    """The way of one archive through its packings."""

    def __init__(self, target: int, bounds: Bounds) -> None:
        self._target, self._bounds = target, bounds
        self._files = self._bytes = self._fed = 0
        self._digests: list[str] = []

    def all_of(self, source: int, spool: int) -> dict[str, Any]:
        """Put all layers in; gives the name of the content, and what there is."""
        for layer in self._layers(source, spool):
            self._put(layer)
        kind = f"{self._bounds.ids} {self._bounds.suid} "
        content = hashlib.sha256((kind + " ".join(self._digests)).encode()).hexdigest()
        return {"content": content, "files": self._files, "bytes": self._bytes}

    def _layers(self, source: int, spool: int) -> Iterator[Ahead]:
        """The tars of the layers, the lowest first; one for a root file system."""
        raw = os.fdopen(source, "rb", buffering=CHUNK)
        stream = Ahead(raw)
        whole = unpacked(stream)
        check_tar(whole)
        if not is_of_layers(whole):
            yield whole
            return
        is_plain = whole is stream and raw.seekable()
        file = raw if is_plain else self._spooled(whole, spool)
        file.seek(0)
        for layer in Archive(file).layers():
            with layer:
                yield unpacked(Ahead(layer))

    def _spooled(self, stream: Ahead, spool: int) -> IO[bytes]:
        """The stream as a file, in which one may go back."""
        file = os.fdopen(spool, "w+b")
        while data := stream.read(CHUNK):
            self._check(file.tell() + len(data))
            file.write(data)
            found = os.fstatvfs(spool)
            if found.f_bavail * found.f_frsize < self._bounds.free:
                raise RefusedError("this machine's disk has too little room for it")
        return file

    def _check(self, size: int) -> None:
        if size > 2 * self._bounds.bytes:
            raise RefusedError(f"it is larger than {self._bounds.bytes >> 30} GiB when it is unpacked")

    def _put(self, layer: Ahead) -> None:
        """Have a process put a layer into the folder, while we unpack it."""
        out, into = os.pipe()
        told, telling = os.pipe()
        if not os.fork():
            os.close(into)
            self._write_files(out, telling)
        os.close(out)
        os.close(telling)
        digest = hashlib.sha256()
        with open(into, "wb", buffering=0) as feeding:
            try:
                while data := layer.read(CHUNK):
                    self._fed += len(data)
                    self._check(self._fed)
                    digest.update(data)
                    view = memoryview(data)
                    while view:
                        view = view[feeding.write(view) or 0 :]
            except BrokenPipeError:
                pass  # it has ended, and tells why
        with open(told, "rb") as answering:
            answer = json.loads(answering.read() or b'{"error": "it was ended by the kernel"}')
        os.wait()
        if "error" in answer:
            raise RefusedError(answer["error"])
        self._files, self._bytes = answer["files"], answer["bytes"]
        self._digests.append(digest.hexdigest())

    def _write_files(self, source: int, telling: int) -> NoReturn:
        """Be the process that writes a layer's files: its root is where they come."""
        try:
            os.fchdir(self._target)
            os.chroot(".")
            for fd in set(range(2, MOST_DESCRIPTORS)) - {source, telling}:
                _close(fd)
            os.umask(0)
            extraction = Extraction(self._bounds, _tell, self._files, self._bytes)
            with open(source, "rb", buffering=CHUNK) as stream:
                extraction.apply(stream)
            answer: dict[str, Any] = {"files": extraction.files, "bytes": extraction.bytes}
        except BaseException as error:
            answer = {"error": said(error)}
        os.write(telling, json.dumps(answer).encode())
        os._exit(0)


def _tell(files: int, size: int) -> None:
    """Tell whoever waits how far it is; nobody may."""
    try:
        os.write(OUT, f'{{"files": {files}, "bytes": {size}}}\n'.encode())
    except OSError:
        os._exit(1)


def _close(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:
        return
