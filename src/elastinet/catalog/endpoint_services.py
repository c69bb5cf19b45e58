"""The services of AWS that have gateway endpoints, and the prefix lists that name their addresses."""

import hashlib

GATEWAY_SERVICES = ("dynamodb", "s3")


def service_names(region: str) -> tuple[str, ...]:
    """The names of a region's services with gateway endpoints; their prefix lists have the same names."""
    return tuple(f"com.amazonaws.{region}.{service}" for service in GATEWAY_SERVICES)


def prefix_list_id(owner: str, service_name: str) -> str:
    """The short id, as AWS's own lists have them, of a service's list in an account."""
    return "pl-" + hashlib.sha256(f"{owner}/{service_name}".encode()).hexdigest()[:8]
