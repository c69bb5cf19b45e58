"""This namespace's network settings, as /proc/sys/net shows them to the thread that asks."""

import os
from pathlib import Path

from elastinet.fabric.kernel import files

HERE = Path("/proc/sys/net")

DEFAULTS = {
    "accept_local": 0,
    "accept_redirects": 1,
    "arp_accept": 0,
    "arp_announce": 0,
    "arp_filter": 0,
    "arp_ignore": 0,
    "arp_notify": 0,
    "disable_policy": 0,
    "disable_xfrm": 0,
    "drop_gratuitous_arp": 0,
    "drop_unicast_in_l2_multicast": 0,
    "ignore_routes_with_linkdown": 0,
    "log_martians": 0,
    "promote_secondaries": 0,
    "proxy_arp": 0,
    "proxy_arp_pvlan": 0,
    "route_localnet": 0,
    "rp_filter": 0,
    "secure_redirects": 1,
    "send_redirects": 1,
    "shared_media": 1,
    "src_valid_mark": 0,
}
"""What the kernel is built with for the IPv4 of a device (ip-sysctl), where it decides about packets."""


def write(sysctl: str, value: str) -> None:
    """Set a sysctl; a kernel without IPv6 needs none of its own."""
    try:
        files.write(f"{HERE}/{sysctl}", value)
    except FileNotFoundError:
        if not sysctl.startswith("ipv6"):
            raise


def read(sysctl: str) -> str:
    """Give what a sysctl says; "" if there is none."""
    path = HERE / sysctl
    return path.read_text().strip() if path.exists() else ""


def forget_machine() -> None:
    """Have a new namespace's IPv4 begin as the kernel is built: by itself it begins as the machine's is.

    A machine with Docker forwards packets, for example, and a hardened one drops those that come another way
    than they go.
    """
    _set("ipv4/ip_forward", 0)  # which sets some of the others
    for scope in ("all", "default"):
        for name, value in DEFAULTS.items():
            _set(f"ipv4/conf/{scope}/{name}", value)


def _set(sysctl: str, value: int) -> None:
    """As `write`, for many: only what this kernel has, and quickly."""
    try:
        fd = os.open(f"{HERE}/{sysctl}", os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.write(fd, b"%d" % value)
    finally:
        os.close(fd)
