"""Seconds that a message between two instances takes beside those of its bytes (facts sheet, section 9.2)."""

import re

from elastinet.catalog.editions import Figure

_NCCL = "aws/aws-ofi-nccl, src/platform-aws.cpp: what AWS's plugin tells NCCL of"
_MPI = "facts sheet, section 9.2 [inferred, widely quoted]: MPI's ping-pong on c5n, 15 to 16 us"
_TCP = "facts sheet, section 9.2 [inferred, widely quoted]: 25 to 30 us over TCP"
_PLUGIN_US = (
    (r"p3dn\.", 150),
    (r"p5en\.|p6|g7e\.", 35),
    (r"p4de?\.|p5e?\.|g5\.48xlarge|trn|inf", 75),
)
MPI_S = Figure(15.5e-6, _MPI, "2019")
TCP_S = Figure(27.5e-6, _TCP, "2019")


def efa_step_s(type_name: str) -> Figure:
    """Seconds of a message over EFA: NCCL's where AWS's plugin knows the type, else MPI's."""
    for pattern, microseconds in _PLUGIN_US:
        if re.match(pattern, type_name):
            return Figure(microseconds * 1e-6, f"{_NCCL} {type_name}", "2020")
    return MPI_S


def tcp_step_s(type_name: str) -> Figure:
    """Seconds of a message over TCP: never less than over EFA [inferred], as NCCL's figures are much more."""
    return max(TCP_S, efa_step_s(type_name), key=lambda figure: figure.value)
