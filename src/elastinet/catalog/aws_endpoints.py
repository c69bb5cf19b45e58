"""The names of AWS's endpoints for the services of which there is something here."""

from functools import cache

from elastinet.catalog.regions import REGIONS

SERVICES = ("ec2", "ssm", "sts")
EVERYWHERE = ("ec2.amazonaws.com", "iam.amazonaws.com", "iam.global.api.aws", "sts.amazonaws.com")
"""Those that are of no region, or older than regions."""
DOMAINS = ("amazonaws.com", "api.aws")
"""The domains that all of them are in."""


@cache
def endpoint_names() -> tuple[str, ...]:
    """All of them: each service's in each region, of IPv4 and of both families, and those of no region."""
    regional = (f"{one}.{region}.{domain}" for region in REGIONS for one in SERVICES for domain in DOMAINS)
    return (*EVERYWHERE, *regional)


@cache
def certified_names() -> tuple[str, ...]:
    """The names of a certificate that is good for all of them, and for interface endpoints of theirs."""
    parents = {name.partition(".")[2] for name in endpoint_names()}
    parents |= {f"{one}.{region}.vpce.amazonaws.com" for region in REGIONS for one in SERVICES}
    return tuple(sorted(f"*.{parent}" for parent in parents))
