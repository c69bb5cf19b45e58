"""EBS bandwidth, baseline and peak in Gbit/s, of the types that support a bandwidth weighting.

From the table "Amazon EBS performance" of EC2's guide, configure-bandwidth-weighting (April 2026). It has no
types of the ninth generation.
"""

from typing import NamedTuple


class Gbps(NamedTuple):
    """A baseline and a peak, in Gbit/s."""

    baseline: float
    peak: float


def _of_sizes(peak: float, baselines: dict[str, float]) -> dict[str, Gbps]:
    return {size: Gbps(baseline, max(baseline, peak)) for size, baseline in baselines.items()}


_SMALL = {"xlarge": 1.25, "2xlarge": 2.5, "4xlarge": 5, "8xlarge": 10, "12xlarge": 15, "16xlarge": 20}
_LARGE = {"24xlarge": 30, "metal-24xl": 30}
_X86 = _of_sizes(
    10,
    {"medium": 0.325, "large": 0.65, "32xlarge": 40, "48xlarge": 60, "metal-48xl": 60, "64xlarge": 70}
    | {"96xlarge": 80, "metal-96xl": 80}
    | _SMALL
    | _LARGE,
)
_ARM = _of_sizes(10, {"medium": 0.315, "large": 0.63, "48xlarge": 40, "metal-48xl": 40} | _SMALL | _LARGE)
_FLEX = _of_sizes(10, {"large": 0.315, "xlarge": 0.63, "2xlarge": 1.25, "4xlarge": 2.5, "8xlarge": 5}) | {
    "12xlarge": Gbps(7.5, 15),
    "16xlarge": Gbps(10, 20),
}
_X8AEDZ = _of_sizes(
    15,
    {"large": 1.25, "xlarge": 2.5, "3xlarge": 7.5, "6xlarge": 15, "12xlarge": 30, "24xlarge": 60}
    | {"metal-12xl": 30, "metal-24xl": 60},
)
_FAMILIES = {
    "c8a m8a r8a c8i c8id m8i m8id r8i r8id x8i": _X86,
    "c8g c8gd m8g m8gd r8g r8gd x8g": _ARM,
    "c8i-flex m8i-flex r8i-flex": _FLEX,
    "x8aedz": _X8AEDZ,
}
EBS_BANDWIDTH: dict[str, dict[str, Gbps]] = {
    family: sizes for families, sizes in _FAMILIES.items() for family in families.split()
}
"""By family and size."""
