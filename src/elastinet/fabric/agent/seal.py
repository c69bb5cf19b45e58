"""A sealed copy, in memory, of the interpreter: what starts inside a guest was this one before.

A guest that has the kernel run /proc/self/exe then finds nothing that is a file of the machine's. An
interpreter without packages (`-S`) runs this file by its path. It becomes the copy at once, with the same
arguments, so it imports next to nothing.
"""

import fcntl
import os
import sys

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def main() -> None:
    """Go on as the copy; as the interpreter itself where vm.memfd_noexec forbids: its files are read-only."""
    command = [sys.executable, *sys.argv[1:]]
    try:
        os.execve(_sealed(), command, os.environ)
    except PermissionError:
        os.execve(sys.executable, command, os.environ)


def _sealed() -> int:
    copy = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open("/proc/self/exe", "rb", buffering=0) as program:
        while os.sendfile(copy, program.fileno(), None, 1 << 30):
            pass
    fcntl.fcntl(copy, fcntl.F_ADD_SEALS, SEALS)
    return copy


if __name__ == "__main__":
    main()
