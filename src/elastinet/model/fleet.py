"""Fleets: one request for capacity over launch templates, and what came of it."""

from typing import Any

from elastinet.model.noun import Noun


class Fleet(Noun, frozen=True, kw_only=True):
    """An instant fleet, which asks for its instances once; `data` is what it shows, in the API's names.

    `launched` has the ids of its instances, `deleted` when it was deleted, in seconds since 1970.
    """

    create_time: float
    data: dict[str, Any]
    launched: tuple[str, ...] = ()
    client_token: str = ""
    deleted: float | None = None
