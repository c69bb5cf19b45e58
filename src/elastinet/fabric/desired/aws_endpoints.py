"""Where AWS's endpoints are, for instances that have a way to the internet."""

from functools import cache

from elastinet.catalog.aws_endpoints import endpoint_names
from elastinet.fabric.contract.names import API_ADDRESS, API_ADDRESS6

BOTH_FAMILIES = ".api.aws"


@cache
def addressed() -> tuple[tuple[str, str], ...]:
    """The names of all of them with their addresses; those under api.aws have one of each family."""
    found = endpoint_names()
    both = (name for name in found if name.endswith(BOTH_FAMILIES))
    return (*((name, API_ADDRESS) for name in found), *((name, API_ADDRESS6) for name in both))
