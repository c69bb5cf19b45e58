"""Start the agent as an ordinary user although the tests run as root.

The interpreter may lie where only root can read, so everything is imported first; then this process
becomes the other user, makes its namespaces as `unshare --map-root-user` does, and is the agent.
"""

import ctypes
import os
import signal
import sys

from elastinet.fabric import agent, kernel, nftables, port, server, spawning

USER = 65534
PR_SET_DUMPABLE = 4
IMPORTED = (server, spawning)


def main() -> None:
    nftables.load()
    port.script()
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    kernel.die_with_parent(signal.SIGKILL)
    flags = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID
    kernel.unshare(flags)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {USER} 1"), ("gid_map", f"0 {USER} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    sys.argv = ["agent", *sys.argv[1:]]
    agent.main()


main()
