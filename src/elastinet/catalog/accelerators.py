"""Accelerators of an instance type: the links between them and the seconds of one step, as in NCCL's model.

NCCL chooses its algorithms by these constants; none was fitted to what is predicted here.
"""

from collections.abc import Iterator

import msgspec

LINKS = "NVIDIA/nccl, src/graph/topo.h"
TUNING = "NVIDIA/nccl, src/graph/tuning.cc"


class Accelerators(msgspec.Struct, frozen=True):
    """A type's accelerators: how many, what each sends to the others in bytes a second, and its source.

    Where the switch between them reduces, `in_switch` is the share of their links that it makes use of.
    """

    number: int
    bytes_per_s: float = 0.0
    source: str = ""
    in_switch: float | None = None


def _linked(
    names: str, links: int, gigabytes: float, in_switch: float | None
) -> Iterator[tuple[str, Accelerators]]:
    source = f"{links} NVLinks of {gigabytes:g} GB/s ({LINKS})"
    for name in names.split():
        yield name, Accelerators(8, links * gigabytes * 1e9, source, in_switch)


ACCELERATORS = {
    **dict(_linked("p3dn.24xlarge", 6, 20.0, None)),
    **dict(_linked("p4d.24xlarge p4de.24xlarge", 12, 20.0, None)),
    **dict(_linked("p5.48xlarge p5e.48xlarge p5en.48xlarge", 18, 20.6, 0.85)),
    **dict(_linked("p6-b200.48xlarge p6-b300.48xlarge", 18, 40.1, 0.74)),
    "p5.4xlarge": Accelerators(1),
}
"""By instance type; `in_switch` is `nvlsEfficiency` of tuning.cc."""
INSIDE_STEP_S = 3.4e-6
"""One step between accelerators of an instance: NVLink, ring, Simple, in tuning.cc."""
TREE_SHARE = 0.92
"""Of the network's bandwidth a tree makes use of so much: tuning.cc."""
