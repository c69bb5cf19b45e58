"""Offers of Elastic IPs to other accounts."""

from typing import ClassVar

from elastinet.model.noun import Index, Noun


class AddressTransfer(Noun, frozen=True, kw_only=True):
    """An address on offer, by the id of its allocation; it is kept for a while after it was accepted.

    Times are in seconds since 1970.
    """

    public_ip: str
    account: str
    expires: float
    accepted: float | None = None

    INDEXES: ClassVar[dict[str, Index]] = {"public-ip": lambda t: (t.public_ip,)}

    def is_open(self, now: float) -> bool:
        """True if the address can still be accepted at `now`, in seconds since 1970."""
        return self.accepted is None and now < self.expires
