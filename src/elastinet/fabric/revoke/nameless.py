"""The devices of files that no mount shows, and which programs have in their memory all the same."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

from elastinet.fabric.kernel import kernel

MEMFD_SECRET = 447
AIO = {"x86_64": (206, 207), "aarch64": (0, 1), "riscv64": (0, 1)}
"""The numbers of io_setup and io_destroy, by architecture."""
RING = " /[aio]"


def devices() -> Iterator[int]:
    """The devices of memory without a name, of each size of page, and of secret memory."""
    for flags in (0, os.MFD_HUGETLB | os.MFD_HUGE_2MB, os.MFD_HUGETLB | os.MFD_HUGE_1GB):
        with suppress(OSError):  # a size that there is not
            yield _device(os.memfd_create("known", flags))
    with suppress(OSError):  # switched off
        yield _device(kernel.system_call("memfd_secret", MEMFD_SECRET, 0))


@cache
def rings() -> frozenset[int]:
    """The device of AIO's rings; looked up once, for their end takes the kernel some milliseconds."""
    with suppress(OSError), _ring():  # none, or there are too many on this machine
        return frozenset(mapped("/proc/self", RING))
    return frozenset()


def mapped(task: str, name: str = " /") -> set[int]:
    """The devices of the files that a process or thread has in its memory, and that have this in a name."""
    with open(f"{task}/maps", encoding="utf-8", errors="surrogateescape", newline="\n") as lines:
        found = {line.split()[3] for line in lines if name in line}
    return {os.makedev(*(int(part, 16) for part in device.split(":"))) for device in found}


def _device(fd: int) -> int:
    try:
        return os.fstat(fd).st_dev
    finally:
        os.close(fd)


@contextmanager
def _ring() -> Iterator[None]:
    """Have a ring of libaio's in memory for a while; on an architecture that is not known, none."""
    setup, destroy = AIO.get(os.uname().machine, (-1, -1))
    ring = ctypes.c_void_p()
    kernel.system_call("io_setup", setup, 1, ctypes.c_void_p(ctypes.addressof(ring)))
    try:
        yield
    finally:
        kernel.system_call("io_destroy", destroy, ring)
