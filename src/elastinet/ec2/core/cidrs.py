"""CIDR blocks as requests give them."""

import re
from ipaddress import IPv4Network, IPv6Network

from elastinet.ec2.core import faults

# ipaddress alone would also take a bare address and a mask for a block.
_FORM = re.compile(r"[0-9.]+/[0-9]{1,2}", re.ASCII)
_IPV6_FORM = re.compile(r"[0-9a-fA-F:.]+/[0-9]{1,3}", re.ASCII)


def read_block(cidr: str, parameter: str) -> IPv4Network:
    """The IPv4 block that a request means, its host bits cleared as EC2 does."""
    try:
        if not _FORM.fullmatch(cidr):
            raise ValueError(cidr)
        return IPv4Network(cidr, strict=False)
    except ValueError:
        raise faults.invalid(cidr, parameter, "This is not a valid CIDR block.") from None


def read_ipv6_block(cidr: str, parameter: str) -> IPv6Network:
    """The IPv6 block that a request means, its host bits cleared."""
    try:
        if not _IPV6_FORM.fullmatch(cidr):
            raise ValueError(cidr)
        return IPv6Network(cidr, strict=False)
    except ValueError:
        raise faults.invalid(cidr, parameter, "This is not a valid IPv6 CIDR block.") from None
