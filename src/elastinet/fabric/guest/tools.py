"""Programs of our own for guests whose image may lack them: busybox, in a folder that each of them is shown.

Where this machine's busybox needs libraries these come along, with the program that loads them: an image has
others, or none.
"""

import os
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from elastinet.deletion import remove_tree
from elastinet.fabric.kernel import isolate, programs


class Program(NamedTuple):
    """A guest's busybox, and the variables that it is to be started with."""

    path: str
    env: dict[str, str]


FOLDER = Path(isolate.PRIVATE, "tools")
PLACE = "/dev/.elastinet"
"""Where guests have it."""
PROGRAM, LOADER, LIBRARIES = f"{PLACE}/busybox", f"{PLACE}/ld.so", f"{PLACE}/lib"
ENV = {"LD_LIBRARY_PATH": LIBRARIES}
OWN = Program(PROGRAM, ENV)
SPARE = f"{PLACE}/bin"
"""Where commands look that are in no image: what logging in and copying need, and an image may lack."""
APPLETS = "awk cat chmod chown cp id mkdir mv rm sed tar tr".split()
APPLET = '#!/bin/sh\nLD_LIBRARY_PATH={} exec {} {} "$@"\n'
INTERPRETER, HEADER = 3, 56
"""PT_INTERP, and the size of a program header of 64 bits."""


@cache
def busybox() -> str:
    """Find the program that guests' DHCP clients run on."""
    found = programs.find("busybox", "/bin:/usr/bin:/sbin:/usr/sbin")
    if found is None:
        raise OSError("busybox is not installed")
    return found


def lay(folder: Path = FOLDER) -> None:
    """Make the folder, once. Raises OSError."""
    if folder.is_dir():
        return
    fresh = folder.with_name("tools.fresh")
    remove_tree(fresh)
    (fresh / "lib").mkdir(parents=True)
    program = bytearray(Path(busybox()).read_bytes())
    if found := _interpreter(program):
        at, size = found
        loader = bytes(program[at : at + size]).rstrip(b"\0").decode()
        if len(LOADER) >= size:
            raise OSError(f"{busybox()} has no room for another loader: install the package busybox-static")
        for library in _libraries(loader):
            (fresh / "lib" / os.path.basename(library)).write_bytes(Path(library).read_bytes())
        (fresh / "ld.so").write_bytes(Path(loader).read_bytes())
        program[at : at + size] = LOADER.encode().ljust(size, b"\0")
    (fresh / "busybox").write_bytes(program)
    (fresh / "bin").mkdir()
    (fresh / "sys").mkdir()
    for applet in APPLETS:
        (fresh / "bin" / applet).write_text(APPLET.format(LIBRARIES, PROGRAM, applet), encoding="utf-8")
    for path in fresh.rglob("*"):
        path.chmod(0o755)
    fresh.chmod(0o755)
    fresh.rename(folder)


def _interpreter(program: bytearray) -> tuple[int, int] | None:
    """Where an ELF file of 64 bits names its loader, and how long that is; None for a static one."""
    (table,) = struct.unpack_from("<Q", program, 32)
    (count,) = struct.unpack_from("<H", program, 56)
    for number in range(count):
        kind, _flags, at, _, _, size = struct.unpack_from("<IIQQQQ", program, table + number * HEADER)
        if kind == INTERPRETER:
            return at, size
    return None


def _libraries(loader: str) -> Iterator[str]:
    """The libraries that busybox is loaded with, as its loader says."""
    import subprocess  # here: no other process of the spawner's needs it

    said = subprocess.run([loader, "--list", busybox()], capture_output=True, text=True, check=True)
    for line in said.stdout.splitlines():
        _, arrow, place = line.partition("=>")
        path = place.split("(")[0].strip()
        if arrow and os.path.isabs(path):
            yield path
