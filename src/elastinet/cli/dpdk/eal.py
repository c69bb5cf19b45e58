"""The options of DPDK's environment abstraction layer (EAL), which stand before a program's own."""

from collections.abc import Iterable, Sequence
from pathlib import Path

MEMORY_MB = 256
HUGE = Path("/sys/kernel/mm/hugepages")
CORES = ("-l", "-c", "-s", "--lcores", "--coremask", "--corelist")
MEMORY = ("--no-huge", "--in-memory", "--huge-dir", "--legacy-mem", "--socket-mem", "--proc-type")
SHARED = ("--proc-type", "--file-prefix")
"""Options by kind: cores, memory, files that processes share. One from the user replaces ours of its kind."""


def options(devices: Sequence[str], cores: str, prefix: str, own: Sequence[str]) -> list[str]:
    """All of EAL's options: ours as far as the user's own do not say otherwise, then those.

    `prefix` is what the process has in common with no other of its instance.
    """
    ours = ["--no-pci", "--no-telemetry", "--iova-mode=va"]
    ours += [] if _given(own, CORES) else [f"--lcores={cores}"]
    ours += [] if _given(own, MEMORY) else memory(free_huge_mb())
    ours += [] if _given(own, SHARED) else [f"--file-prefix={prefix}"]
    return [*ours, *(f"--vdev={device}" for device in devices), *own]


def memory(huge_mb: int) -> list[str]:
    """The options for memory: hugepages if enough of them are free, else ordinary pages."""
    if huge_mb >= MEMORY_MB:
        return ["--in-memory"]
    return ["--no-huge", "-m", str(MEMORY_MB), "--no-shconf"]


def free_huge_mb() -> int:
    """MiB of free hugepages on this machine."""
    sizes = ((_number(size / "free_hugepages"), size.name) for size in HUGE.glob("hugepages-*kB"))
    return sum(count * int(name[len("hugepages-") : -len("kB")]) for count, name in sizes) >> 10


def _number(file: Path) -> int:
    return int(file.read_text())


def _given(own: Iterable[str], names: Iterable[str]) -> bool:
    """True if the user gave one of some options, also with the value appended: `-l0-3`."""
    return any(
        word.partition("=")[0] == name or (len(name) == 2 and word.startswith(name))
        for word in own
        for name in names
    )
