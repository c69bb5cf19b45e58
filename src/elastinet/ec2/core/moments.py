"""Times as the API has them."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=256)  # what is launched together has one time
def moment(seconds: float) -> datetime:
    """A time in seconds since 1970 as a datetime, to the millisecond as the wire carries it."""
    return datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC)
