"""Figures of EC2's network that no edition changes, each with its source (section of the facts sheet)."""

from ipaddress import IPv4Network

JUMBO_MTU = 9001
"""Largest packet in bytes inside a VPC, and over a peering connection in one region (8.2)."""
GATEWAY_MTU = 1500
"""Largest packet in bytes through an internet gateway (8.2)."""
ACROSS_REGIONS_MTU = 8500
"""Largest packet in bytes over a peering connection between regions (8.2)."""

RESERVED_ADDRESSES = 5
"""Addresses of a subnet that are EC2's own: the first four and the last (2)."""

LINK_LOCAL_PACKETS_PER_SECOND = 1024
"""Packets a second that an interface may send to the link-local services, all of them together (2)."""

IDLE_SECONDS = {"tcp_established": (60, 432_000), "udp_stream": (60, 180), "udp": (30, 60)}
"""The least and the most that an interface may be told to remember an idle flow, in seconds (5)."""
DEFAULT_IDLE_SECONDS = {"tcp_established": 432_000, "udp_stream": 180, "udp": 30}
"""Seconds that an interface remembers an idle flow if neither it nor its type of instance says others (5)."""
EARLY_IDLE_SECONDS = 350
"""Seconds that an interface on Nitro v6 remembers an idle connection of TCP (5)."""
OTHER_IDLE_SECONDS = 600
"""Seconds that a security group remembers an idle flow of neither TCP, UDP nor ICMP (5)."""
NAT_CONNECTIONS = 55_000
"""The most connections of a NAT gateway's address to one address, port and protocol (6.4)."""
NAT_IDLE_SECONDS = 350
"""Seconds that a NAT gateway remembers an idle flow (6.4)."""

PRIVATE_BLOCKS = {
    "RFC1918": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    "RFC6598": ("100.64.0.0/10",),
}
"""Private blocks, by what says so."""
PUBLIC_POOL = IPv4Network("198.18.0.0/15")
"""Public addresses come from the range set aside for benchmarks (RFC 2544): no host of the real
internet has one, so a client that takes such an address home can reach nobody by mistake."""
NOT_OF_INTERNET = (
    *(block for blocks in PRIVATE_BLOCKS.values() for block in blocks),
    *("127.0.0.0/8", "169.254.0.0/16"),
)
"""Blocks that the internet does not have: no internet gateway lets them in or out."""
PRIVATE_BLOCK6 = "fc00::/7"
"""Unique local addresses (RFC 4193)."""
NOT_OF_INTERNET6 = ("::/127", PRIVATE_BLOCK6, "fe80::/10", "ff00::/8")
"""The same of IPv6."""
