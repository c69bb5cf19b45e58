"""The ids of resources: a prefix that tells the kind, and 17 hexadecimal digits (8 in old ones).

A fleet's id has a UUID in place of the digits.
"""

import re
from collections.abc import Callable

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_FORM = re.compile(rf"(fleet)-{_UUID}\Z|(?!fleet-)([a-z][a-z-]*)-[0-9a-f]+\Z")

Randbits = Callable[[int], int]


def new_id(prefix: str, randbits: Randbits) -> str:
    """A fresh id; `randbits(n)` gives n random bits."""
    if prefix == "fleet":
        return f"{prefix}-{_uuid(f'{randbits(128):032x}')}"
    return f"{prefix}-{randbits(68):017x}"


def _uuid(digits: str) -> str:
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def prefix_of(id: str) -> str | None:
    """The prefix of an id, as "vpc" of vpc-0123456789abcdef0; None for what has no id's form."""
    match = _FORM.match(id)
    return match and (match[1] or match[2])


def well_formed(id: str, prefix: str) -> bool:
    """True if a string has the form of an id with this prefix.

    One of another length than ids have is just not there: so EC2 says of acl-000000000000.
    """
    return prefix_of(id) == prefix


def new_mac(randbits: Randbits) -> str:
    """A fresh MAC address: locally administered, unicast, as EC2's are (02, 06, 0a, 0e …)."""
    octets = randbits(48).to_bytes(6, "big")
    first = octets[0] & 0x0C | 0x02
    return ":".join(f"{octet:02x}" for octet in (first, *octets[1:]))
