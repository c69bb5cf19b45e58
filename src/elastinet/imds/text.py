"""Times and JSON as the metadata service writes them."""

import json
from datetime import UTC, datetime


def utc(seconds: float) -> str:
    """A time in seconds since 1970, to the second."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pretty(value: object) -> str:
    """JSON with EC2's spaces."""
    return json.dumps(value, indent=2, separators=(",", " : "))
