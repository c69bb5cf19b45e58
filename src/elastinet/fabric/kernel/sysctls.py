"""This namespace's network settings, as /proc/sys/net shows them to the thread that asks."""

from pathlib import Path

HERE = Path("/proc/sys/net")


def write(sysctl: str, value: str) -> None:
    """Set a sysctl; a kernel without IPv6 needs none of its own."""
    path = HERE / sysctl
    if path.exists() or not sysctl.startswith("ipv6"):
        path.write_text(value)


def read(sysctl: str) -> str:
    """Give what a sysctl says; "" if there is none."""
    path = HERE / sysctl
    return path.read_text().strip() if path.exists() else ""
