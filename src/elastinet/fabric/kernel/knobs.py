"""This namespace's network settings, as /proc/sys/net shows them to the thread that asks."""

from pathlib import Path

HERE = Path("/proc/sys/net")


def write(knob: str, value: str) -> None:
    """Set a knob; a kernel without IPv6 needs none of its knobs."""
    path = HERE / knob
    if path.exists() or not knob.startswith("ipv6"):
        path.write_text(value)


def read(knob: str) -> str:
    """Give what a knob says; "" if there is none."""
    path = HERE / knob
    return path.read_text().strip() if path.exists() else ""
