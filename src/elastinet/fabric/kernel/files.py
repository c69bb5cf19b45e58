"""Files of the kernel's, and logs, in three calls: Python's own make eight, and objects for their layers."""

import os
from pathlib import Path


def write(path: str | Path, text: str) -> None:
    """Write a line to a file that is there; raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def read(path: str | Path, most: int = 1 << 14) -> bytes:
    """What one read gives of a file: of the kernel's small ones all; raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, most)
    finally:
        os.close(fd)


def append(path: str | Path, data: bytes) -> int:
    """Add to a file, which is made if it is not there, and give its size then; raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        write_all(fd, data)
        return os.lseek(fd, 0, os.SEEK_CUR)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write all of it; raises OSError, as a full disk does at what it takes no more."""
    while data:
        data = data[os.write(fd, data) :]
