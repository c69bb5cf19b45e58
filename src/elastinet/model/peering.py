"""VPC peering connections."""

from typing import ClassVar, Literal, Self

import msgspec

from elastinet.model.noun import Index, Noun, Tags

PeeringStatus = Literal["pending-acceptance", "active", "rejected", "failed", "expired", "deleted"]


class PeeringSide(msgspec.Struct, frozen=True):
    """One of the two VPCs, as the request named it: it need not exist."""

    vpc_id: str
    owner: str
    region: str
    cidrs: tuple[str, ...] = ()
    cidrs6: tuple[str, ...] = ()

    @property
    def scope(self) -> tuple[str, str]:
        """The account and the region of this side."""
        return (self.owner, self.region)


class Peering(Noun, frozen=True, kw_only=True):
    """A peering connection; it is its requester's and its accepter's, and each has tags of its own.

    Times are in seconds since 1970; `end_time` is when it came to be neither pending nor active.
    """

    requester: PeeringSide
    accepter: PeeringSide
    status: PeeringStatus
    message: str
    create_time: float
    end_time: float | None = None
    accepter_tags: Tags = ()

    INDEXES: ClassVar[dict[str, Index]] = {
        "vpc-id": lambda p: (p.requester.vpc_id, p.accepter.vpc_id),
        "status-code": lambda p: (p.status,),
    }

    @property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """The (account, region) pairs that see it: both sides'; of a failed one the requester's only."""
        if self.status == "failed":
            return (self.scope,)
        return tuple(dict.fromkeys((self.requester.scope, self.accepter.scope)))

    def tags_in(self, scope: tuple[str, str]) -> Tags:
        """The tags of one side."""
        return self.tags if scope == self.scope else self.accepter_tags

    def tagged(self, scope: tuple[str, str], tags: Tags) -> Self:
        """The same with other tags on one side."""
        return self.but(**{"tags" if scope == self.scope else "accepter_tags": tags})

    @property
    def open(self) -> bool:
        """True if it is active or may still become so."""
        return self.status in ("pending-acceptance", "active")
