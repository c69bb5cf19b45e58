"""Things of a real account that have no noun here, or that a dump of it speaks of and does not hold."""

from elastinet.model.noun import Noun


class Foreign(Noun, frozen=True, kw_only=True):
    """A named thing of which nothing more is known: a transit gateway, a load balancer, a VPN gateway.

    `lacking` is one that has a noun here, of which the dump has only the id.
    """

    kind: str
    lacking: bool = False
