"""The size of a page if the service model does not limit it: 5 to 1,000 items (facts sheet, 13.3)."""

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request

LEAST, MOST = 5, 1000


def page_size(request: Request, least: int = LEAST, most: int = MOST) -> int | None:
    """The request's MaxResults, if it gave one; refuses what is out of bounds in EC2's odd words."""
    size: int | None = request.get("MaxResults")
    if size is None:
        return None
    if size < least:
        raise faults.invalid(f" {size} ", "maxResults", f"Expecting a value greater than {least}.")
    if size > most:
        raise faults.invalid(f" {size} ", "maxResults", f"Expecting a value less than {most}.")
    return size
