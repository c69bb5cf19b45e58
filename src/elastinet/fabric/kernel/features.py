"""The fabric's requirements on a machine, with a line of advice for each that is missing."""

import os
from collections.abc import Callable

from elastinet.fabric.kernel import programs

SBIN = ":/usr/local/sbin:/usr/sbin:/sbin"
PROGRAMS = {
    "dnsmasq": "instances need a DHCP server: install the package dnsmasq-base",
    "busybox": "instances need a DHCP client: install the package busybox",
    "unshare": "namespaces need the program unshare: install the package util-linux",
    "setpriv": "a clean end needs the program setpriv: install the package util-linux",
}
FOR_ALL = "/proc/sys/user/max_user_namespaces"
"""Every instance has a user namespace, so this one is root's matter too."""
SYSCTLS = {
    "/proc/sys/kernel/unprivileged_userns_clone": "0",
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",
    FOR_ALL: "0",
}


def find(program: str) -> str | None:
    """Find a program, also where only root's search path leads."""
    return programs.find(program, os.environ.get("PATH", os.defpath) + SBIN)


def _programs() -> dict[str, str]:
    """The programs that are missing."""
    return {name: advice for name, advice in PROGRAMS.items() if find(name) is None}


def filters() -> dict[str, str]:
    """The fault that keeps packets from being filtered, with advice; empty if there is none."""
    from elastinet.fabric.kernel import nftables  # which most who look for a program have no use for

    try:
        nftables.load()
    except OSError as error:
        return {"nftables": f"{error}: install the package libnftables1"}
    return {}


def overlays() -> dict[str, str]:
    """The lack of overlayfs, which instances' root file systems need, with advice; empty if it is there."""
    with open("/proc/filesystems", encoding="utf-8") as known:
        if any(line.split()[-1] == "overlay" for line in known):
            return {}
    return {"overlay": "instances need overlayfs, which this kernel does not list: run `modprobe overlay`"}


def namespaces() -> dict[str, str]:
    """The sysctl that forbids this user to make namespaces, with advice; empty if none does."""
    root = os.geteuid() == 0
    for sysctl, forbidden in SYSCTLS.items():
        if (not root or sysctl == FOR_ALL) and os.path.exists(sysctl) and _read(sysctl) == forbidden:
            other = {"0": "1", "1": "0"}[forbidden] if sysctl != FOR_ALL else "10000"
            advice = f"set {sysctl} to {other}" + ("" if root or sysctl == FOR_ALL else ", or run as root")
            return {"namespaces": f"user namespaces are off: {advice}"}
    return {}


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def inside() -> dict[str, str]:
    """All that is missing, as seen from inside the agent's namespaces."""
    return _all(_programs, filters, overlays)


def outside() -> dict[str, str]:
    """All that is missing, as seen before the agent is started."""
    return _all(_programs, filters, overlays, namespaces)


def _all(*questions: Callable[[], dict[str, str]]) -> dict[str, str]:
    return {feature: advice for question in questions for feature, advice in question().items()}
