"""What the fabric needs of a machine, and for each thing that is missing one line of what to do."""

import os
import shutil
from collections.abc import Callable

from elastinet.fabric import nftables

SBIN = ":/usr/local/sbin:/usr/sbin:/sbin"
PROGRAMS = {
    "dnsmasq": "instances need a DHCP server: install the package dnsmasq-base",
    "busybox": "instances need a DHCP client: install the package busybox",
    "unshare": "namespaces need the program unshare: install the package util-linux",
    "setpriv": "a clean end needs the program setpriv: install the package util-linux",
}
KNOBS = {
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
    "/proc/sys/user/max_user_namespaces": "0",
}


def find(program: str) -> str | None:
    """Find a program, also where only root's search path leads."""
    return shutil.which(program, path=os.environ.get("PATH", os.defpath) + SBIN)


def programs() -> dict[str, str]:
    """The programs that are missing."""
    return {name: advice for name, advice in PROGRAMS.items() if find(name) is None}


def filters() -> dict[str, str]:
    """Whether packets can be filtered."""
    try:
        nftables.load()
    except OSError as error:
        return {"nftables": f"{error}: install the package libnftables1"}
    return {}


def overlays() -> dict[str, str]:
    """Whether instances can have a root file system of their own."""
    with open("/proc/filesystems", encoding="utf-8") as known:
        if any(line.split()[-1] == "overlay" for line in known):
            return {}
    return {"overlay": "instances need overlayfs, which this kernel does not list: run `modprobe overlay`"}


def namespaces() -> dict[str, str]:
    """Whether this user may make namespaces; asked of the knobs that usually forbid it."""
    if os.geteuid() == 0:
        return {}
    for knob, forbidden in KNOBS.items():
        if os.path.exists(knob) and _read(knob) == forbidden:
            other = {"0": "1", "1": "0"}[forbidden] if "max_" not in knob else "10000"
            return {
                "namespaces": f"unprivileged user namespaces are off: set {knob} to {other}, or run as root"
            }
    return {}


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def inside() -> dict[str, str]:
    """What is missing, as seen from inside the agent's namespaces."""
    return _all(programs, filters, overlays)


def outside() -> dict[str, str]:
    """What is missing, as seen before the agent is started."""
    return _all(programs, filters, overlays, namespaces)


def _all(*questions: Callable[[], dict[str, str]]) -> dict[str, str]:
    return {feature: advice for question in questions for feature, advice in question().items()}
