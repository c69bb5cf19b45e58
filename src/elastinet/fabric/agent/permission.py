"""Why an agent, and instances, cannot be here, and what lets them: of a container, its options."""

import os
import subprocess
from collections.abc import Sequence

from elastinet.fabric.kernel import features

PODMANS, DOCKERS = "/run/.containerenv", "/.dockerenv"
"""The files that Podman and Docker lay into every container."""
UNMASKED = "--security-opt systempaths=unconfined"
UNFILTERED = "--security-opt seccomp=unconfined"
UNCONFINED = "--security-opt apparmor=unconfined"
BUSYBOX = features.find("busybox") or "busybox"
TRIALS = {
    "namespaces": ("--", "true"),
    "proc": ("--fork", "--mount-proc", "--", "true"),
    "names": ("--uts", "--", BUSYBOX, "hostname", "elastinet"),
    "sys": ("--", BUSYBOX, "mount", "-t", "sysfs", "-o", "ro,nosuid,nodev,noexec", "sysfs", "/sys"),
}
"""What is tried after the command that makes the namespaces, the first first."""
MOUNT_SYS = TRIALS["sys"][1:]
WHOLE = (
    *("--fork", "--mount-proc", "--uts", "--", BUSYBOX, "sh", "-ec"),
    '"$0" hostname elastinet; exec "$@"',
    *(BUSYBOX, *MOUNT_SYS),
)
"""All of that in one go, which most machines let: then no trial needs a process of its own."""
SAID = {
    "namespaces": "this user may not make namespaces",
    "proc": "no /proc can be mounted in a namespace",
    "names": "instances cannot have names",
    "sys": "no /sys can be mounted in a network's namespace",
}
OUTSIDE = {
    "namespaces": "run as root",
    "proc": "parts of this one are covered, or a security module forbids it; run as root",
    "names": "a filter of system calls forbids it",
    "sys": "parts of this one are covered, or a security module forbids it; run as root",
}
"""The advice where this is no container."""


def lacking(unshare: Sequence[str]) -> dict[str, str]:
    """What the namespaces that a command makes cannot have here, tried; empty if nothing is refused."""
    if not _refusal(*unshare, *WHOLE):
        return _covered()
    for name, words in TRIALS.items():
        if refusal := _refusal(*unshare, *words):
            return {name: f"{SAID[name]} ({refusal}): {_advice(name, refusal)}"}
    return _covered()


def _covered() -> dict[str, str]:
    """What lies over the folders that instances would have, with advice; empty if nothing does."""
    if os.geteuid() != 0 and _crossed(["usr"]):
        where = "mount that elsewhere" if is_container() else "unmount that, or run as root"
        return {"usr": f"instances cannot have /usr, below which something is mounted: {where}"}
    return {}


def is_container() -> bool:
    """True if this is inside of a container of Podman's or Docker's."""
    if os.path.exists(PODMANS):
        return True
    # A machine that was made of an image keeps Docker's file, but nothing is mounted over its /etc/hosts.
    return os.path.exists(DOCKERS) and bool(_crossed(["etc"]))


def _refusal(*command: str) -> str:
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = tried.stderr.strip().splitlines()
    return "" if tried.returncode == 0 else lines[-1] if lines else f"exit code {tried.returncode}"


def _advice(name: str, refusal: str) -> str:
    if not is_container():
        return OUTSIDE[name]
    if os.geteuid() == 0:
        return "run this container as the image's own user, who needs no capability"
    if name == "sys":
        return "give this container a network of its own, not --network host"
    return f"add {option(name, refusal)} to this container's options"


def option(name: str, refusal: str) -> str:
    """The option that lets a container have what was refused.

    AppArmor forbids to mount with EACCES; seccomp, and the kernel itself, with EPERM.
    """
    if "Permission denied" in refusal:
        return UNCONFINED
    return UNMASKED if name == "proc" else UNFILTERED


def _crossed(folders: Sequence[str]) -> list[str]:
    """The folders below which something is mounted; with them comes all that a guest's files need."""
    from elastinet.fabric.guest.image import crossed

    return crossed(folders)
