"""A server as the twin of an account: of which, and what it would take to have that one like it."""

from typing import Any

from elastinet.twin.original import Original


def status(original: Original | None) -> dict[str, Any] | None:
    """What a server is a twin of; None if it is none."""
    if original is None:
        return None
    where = {"dump": original.dump, "account": original.account, "region": original.region}
    return {**where, "findings": list(original.findings)}
