"""Start the agent as an ordinary user although the tests run as root.

The interpreter may lie where only root can read, so everything is imported first; then this process
becomes the other user, makes its namespaces as `unshare --map-root-user` does, and is the agent. With
`--lent` first it has further ids, as by `unshare --map-auto`.
"""

import ctypes
import gc
import importlib
import os
import pkgutil
import signal
import sys

import elastinet.fabric
from elastinet.fabric.agent import agent
from elastinet.fabric.guest import port, services, ssh_port
from elastinet.fabric.kernel import kernel, nftables

USER = 65534
PR_SET_DUMPABLE = 4
ENGINES = tuple(
    f"elastinet.fabric.{name}"
    for name in (
        "agent.launch",
        "agent.trial",
        "contract.client",
        "contract.link",
        "contract.nouns",
        "desired.",
    )
)
"""What of the fabric is the engine's part: with all nouns and rules it would be a third of all imports."""


LENT = 0x6F000000
"""What would be a line in /etc/subuid."""


def map_from_outside(lines: str) -> None:
    """Have a process of root's say which ids are known here; waits until it has."""
    pid = os.getpid()
    told, tell = os.pipe()
    if not os.fork():
        os.read(told, 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{pid}/{name}", "w") as file:
                file.write(lines)
        os._exit(0)
    MAPPED.append(tell)


MAPPED: list[int] = []
really = os.setresuid


def setresuid(*ids: int) -> None:
    """Change ids and stay readable: this program was started outside, whose root is not the agent's."""
    really(*ids)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def main() -> None:
    gc.disable()  # as the agent does until it serves
    for module in pkgutil.walk_packages(elastinet.fabric.__path__, "elastinet.fabric."):
        if not module.name.startswith(ENGINES):
            importlib.import_module(module.name)
    lent = sys.argv[1] == "--lent"
    if lent:
        os.setresuid = setresuid
        del sys.argv[1]
        map_from_outside(f"0 {USER} 1\n1 {LENT} 65535\n")
    nftables.load()
    port.script(port.busybox())
    services.script()
    ssh_port.script()
    for name in (
        "_bz2",
        "_lzma",
        "email.message",
        "email.parser",
        "gzip",
        "hashlib",
        "subprocess",
        "traceback",
    ):
        importlib.import_module(name)
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    kernel.die_with_parent(signal.SIGKILL)
    flags = kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET | kernel.CLONE_NEWNS | kernel.CLONE_NEWPID
    kernel.unshare(flags)
    if lent:
        os.write(MAPPED[0], b".")
        os.wait()
    for name, text in (
        () if lent else (("setgroups", "deny"), ("uid_map", f"0 {USER} 1"), ("gid_map", f"0 {USER} 1"))
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    sys.argv = ["agent", *sys.argv[1:]]
    agent.main()


main()
