"""Reservations of parts of subnets."""

from typing import ClassVar, Literal

from elastinet.model.noun import Index, Noun


class SubnetReservation(Noun, frozen=True, kw_only=True):
    """A block of a subnet, of either family, from which no address is given unasked.

    From one whose use is `prefix` the prefixes are taken that are asked for by their number.
    """

    subnet_id: str
    cidr: str
    use: Literal["prefix", "explicit"]
    description: str = ""

    INDEXES: ClassVar[dict[str, Index]] = {"subnet-id": lambda r: (r.subnet_id,)}
