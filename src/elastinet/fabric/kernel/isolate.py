"""The agent's own house: its mounts inside its own namespaces, so that the host never sees them."""

import os
from pathlib import Path

from elastinet.fabric.kernel import kernel

NETNS = "/run/netns"
PRIVATE = "/run/elastinet"


def enter(keep: tuple[Path, ...]) -> None:
    """Give this process (the first of its PID namespace) private mounts and a /proc of its own.

    All of the host's files are read-only from here, but for the folders to keep: what a guest finds of them
    by any process on its way into it, the interpreter that this program runs on too, it cannot change. The
    mounts of whoever waits for this process, to tidy up, stay as they were.
    """
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    for path in keep:
        kernel.mount(str(path), str(path), flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.set_mount_attributes("/", kernel.MOUNT_ATTR_RDONLY, recursive=True)
    for path in keep:
        kernel.set_mount_attributes(str(path), remove=kernel.MOUNT_ATTR_RDONLY)
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def cover_run(keep: tuple[Path, ...]) -> None:
    """Put a fresh /run over the host's, with the agent's own folders still reachable if they lie below it."""
    held = [(path, os.open(path, os.O_PATH | os.O_DIRECTORY)) for path in keep if _below_run(path)]
    kernel.mount("tmpfs", "/run", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755")
    for path, fd in held:
        path.mkdir(parents=True, exist_ok=True)
        kernel.mount(f"/proc/self/fd/{fd}", str(path), flags=kernel.MS_BIND | kernel.MS_REC)
        os.close(fd)
    os.mkdir(NETNS)
    Path(PRIVATE).mkdir(exist_ok=True)  # there already when RUN lies in it
    Path(PRIVATE).chmod(0o711)  # the agent's helpers come through


def _below_run(path: Path) -> bool:
    return path.resolve().is_relative_to("/run")


def is_rootless() -> bool:
    """True unless this process's user namespace maps all ids of the machine to themselves."""
    first = Path("/proc/self/uid_map").read_text().split()
    return not (first[0] == "0" and first[1] == "0" and int(first[2]) > 65536)
