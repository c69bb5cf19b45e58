"""EC2's operations by what becomes of a request: built, absent (reads answer an empty list) or refused."""

from functools import cache
from typing import Any

from elastinet.ec2.operations import OPERATIONS, operation
from elastinet.wire.service import outline_of, service


@cache
def absent() -> tuple[str, ...]:
    """The operations that read nouns which elastinet does not have."""
    others = sorted(service().actions - OPERATIONS.keys())
    return tuple(action for action in others if operation(action, outline_of) is not None)


def page() -> dict[str, Any]:
    """How many of EC2's operations are built and refused, and which are absent."""
    built = len(service().actions & OPERATIONS.keys())
    refused = len(service().actions) - built - len(absent())
    return {"built": built, "absent": [*absent()], "refused": refused}
