"""The packages of what elastinet runs, by the distribution's family, and the command that installs them."""

import os
import platform
from collections.abc import Iterable
from typing import NamedTuple


class Names(NamedTuple):
    """A package by its name in each family; "" where the distribution has none that would do."""

    debian: str
    fedora: str
    arch: str


PACKAGES = {
    "dnsmasq": Names("dnsmasq-base", "dnsmasq", "dnsmasq"),
    "busybox": Names("busybox", "busybox", "busybox"),
    "unshare": Names("util-linux", "util-linux", "util-linux"),
    "setpriv": Names("util-linux", "util-linux", "util-linux"),
    "nftables": Names("nftables", "nftables", "nftables"),
    "ip": Names("iproute2", "iproute", "iproute2"),
    "ping": Names("iputils-ping", "iputils", "iputils"),
    "curl": Names("curl", "curl", "curl"),
    "iperf3": Names("iperf3", "iperf3", "iperf3"),
    "mptcpize": Names("mptcpize", "mptcpd", ""),
    "newuidmap": Names("uidmap", "shadow-utils", "shadow"),
    "tayga": Names("tayga", "tayga", ""),
    "slirp4netns": Names("slirp4netns", "slirp4netns", "slirp4netns"),
    "ethtool": Names("ethtool", "ethtool", "ethtool"),
    "dpdk-testpmd": Names("dpdk-dev", "dpdk", "dpdk"),
    "fi_info": Names("libfabric-bin", "libfabric", "libfabric"),
    # Open MPI under Debian's names of its programs, which say that it is Open MPI
    "mpirun.openmpi": Names("openmpi-bin", "", ""),
    "mpicc.openmpi": Names("libopenmpi-dev", "", ""),
    "gcc": Names("gcc", "gcc", "gcc"),
    "mmdebstrap": Names("mmdebstrap", "mmdebstrap", "mmdebstrap"),
    "zstd": Names("zstd", "zstd", "zstd"),
    "ssh": Names("openssh-client", "openssh-clients", "openssh"),
}
FAMILIES = {
    "debian": ("debian", "ubuntu"),
    "fedora": ("fedora", "rhel", "centos"),
    "arch": ("arch",),
}
INSTALL = {
    "debian": ("apt-get update", "apt-get install -y --no-install-recommends"),
    "fedora": ("dnf install -y",),
    "arch": ("pacman -S --needed --noconfirm",),
}
"""The last installs; before it, what a fresh machine needs first: Debian's has no lists of packages."""


def release() -> dict[str, str]:
    """What /etc/os-release says; empty where there is none."""
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def family(release: dict[str, str]) -> str | None:
    """The family of a distribution: by its own name, else by whom it says it is like."""
    for id in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        for name, members in FAMILIES.items():
            if id in members:
                return name
    return None


def package(program: str, family: str | None) -> str:
    """The package that a program is in; "" where none is known."""
    names = PACKAGES.get(program)
    return str(getattr(names, family)) if names and family else ""


def command(packages: Iterable[str], family: str | None) -> str:
    """The command that installs packages; "" where there is nothing to install."""
    wanted = sorted(set(filter(None, packages)))
    if not wanted or family is None:
        return ""
    *before, install = INSTALL[family]
    steps = (*before, " ".join([install, *wanted]))
    return " && ".join(step if os.geteuid() == 0 else f"sudo {step}" for step in steps)
