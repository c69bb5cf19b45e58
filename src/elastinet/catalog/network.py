"""Figures of EC2's network that no edition changes, each with its source (section of the facts sheet)."""

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

UDP_STREAM_IDLE_SECONDS = 180
"""Seconds that a security group remembers an idle UDP flow that went both ways (5)."""
NAT_IDLE_SECONDS = 350
"""Seconds that a NAT gateway remembers an idle flow (6.4)."""
