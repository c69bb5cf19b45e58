"""Share of data in what a limit lets through: limits, and the kernel's queues, count Ethernet frames."""

from typing import Literal

Transport = Literal["tcp", "udp", "mptcp", "efa"]

ETHERNET = 14
"""Octets of a frame before the packet; nothing counts the checksum, the preamble or the gap."""
HEADERS: dict[Transport, int] = {"tcp": 52, "mptcp": 76, "udp": 28, "efa": 73}
"""Octets of a packet that are not data: IPv4 and TCP with timestamps, 24 more for MPTCP's mapping (as Linux
sends it), or UDP; of EFA what is left of 9,001 when 8,928 are data (facts sheet, section 9.2)."""


def frame_bits(mtu: int) -> int:
    """Bits of a frame that is as large as an MTU lets it be."""
    return (mtu + ETHERNET) * 8


def share(transport: Transport, mtu: int) -> float:
    """The share of data in full-sized frames."""
    return (mtu - HEADERS[transport]) / (mtu + ETHERNET)
