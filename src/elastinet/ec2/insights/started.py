"""Analyses by the time of their start, which is no filter of EC2's but a parameter."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.noun import Noun

IN_TIME = {"in-time": "InTime"}
"""A filter of analyses by what `seen_between` adds to their view."""
Seen = Callable[[Transaction, Any, Any], dict[str, Any]]


def between(first: datetime | None, last: datetime | None) -> tuple[list[Filter], Seen]:
    """The filter that a span of time is, and how an analysis shows whether it began in it."""
    first, last = _utc(first), _utc(last)

    def seen(_: Transaction, __: Noun, view: dict[str, Any]) -> dict[str, Any]:
        start = view["StartDate"]
        return dict(view) | {"InTime": (not first or start >= first) and (not last or start <= last)}

    return [Filter("in-time", ["true"])] if first or last else [], seen


def _utc(time: datetime | None) -> datetime | None:
    """A time of a request, which is UTC where it does not say."""
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time
