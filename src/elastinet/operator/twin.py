"""A server as the twin of an account: of which, and what it would take to have that one like it."""

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from elastinet.model.fault import Fault
from elastinet.model.state import State

if TYPE_CHECKING:
    from elastinet.twin.original import Original


def status(original: "Original | None") -> dict[str, Any] | None:
    """What a server is a twin of; None if it is none."""
    if original is None:
        return None
    where = {"dump": original.dump, "account": original.account, "region": original.region}
    return {**where, "findings": list(original.findings)}


def nouns(state: State, original: "Original | None") -> bytes:
    """The original, and the same with what it has become: one after the other, the first with its length."""
    if original is None:
        raise Fault("InvalidParameterValue", "this server is no twin: start one by --twin")
    from elastinet.twin.original import encode  # which only a twin has use for

    part = original.part_of(state)
    now = tuple(noun for kind in part.tables for noun in part.all(kind))
    first, second = encode(original), encode(replace(original, nouns=now))
    return len(first).to_bytes(8, "big") + first + second
