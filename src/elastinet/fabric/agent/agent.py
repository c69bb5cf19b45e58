"""The agent's program. Start it through `launch.agent_command`, which makes its namespaces.

It starts twice, so it loads nothing before it is a sealed copy of the interpreter.
"""

import contextlib
import fcntl
import os
import sys
from typing import NoReturn

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def main() -> NoReturn:
    """Be the agent."""
    from elastinet.fabric.agent import process

    process.main()


def seal() -> None:
    """Go on as a sealed copy, in memory, of the interpreter: what starts inside a guest was this one before.

    A guest that has the kernel run /proc/self/exe then finds nothing that is a file of the machine's.
    """
    if os.readlink("/proc/self/exe").startswith("/memfd:"):
        return
    with contextlib.suppress(PermissionError):  # vm.memfd_noexec: the files of the machine are read-only here
        copy = os.memfd_create("python", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with open("/proc/self/exe", "rb") as program:
            while os.sendfile(copy, program.fileno(), None, 1 << 30):
                pass
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, SEALS)
        os.execve(copy, [sys.executable, *sys.orig_argv[1:]], os.environ)


if __name__ == "__main__":
    seal()
    main()
