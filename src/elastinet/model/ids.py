"""The ids of resources: a prefix that tells the kind, and 17 hexadecimal digits (8 in old ones)."""

import re
from collections.abc import Callable

_FORM = re.compile(r"([a-z][a-z-]*)-[0-9a-f]+\Z")

Randbits = Callable[[int], int]


def new_id(prefix: str, randbits: Randbits) -> str:
    """A fresh id; `randbits(n)` gives n random bits."""
    return f"{prefix}-{randbits(68):017x}"


def well_formed(id: str, prefix: str) -> bool:
    """True if a string has the form of an id with this prefix, as vpc-0123456789abcdef0 for "vpc".

    One of another length than ids have is just not there: so EC2 says of acl-000000000000.
    """
    match = _FORM.match(id)
    return match is not None and match[1] == prefix


def new_mac(randbits: Randbits) -> str:
    """A fresh MAC address: locally administered, unicast, as EC2's are (02, 06, 0a, 0e …)."""
    octets = randbits(48).to_bytes(6, "big")
    first = octets[0] & 0x0C | 0x02
    return ":".join(f"{octet:02x}" for octet in (first, *octets[1:]))
