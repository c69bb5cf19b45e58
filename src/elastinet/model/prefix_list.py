"""Prefix lists: named sets of blocks that rules and routes speak of."""

from typing import ClassVar, Literal

import msgspec

from elastinet.model.noun import Index, Noun

Family = Literal["IPv4", "IPv6"]


class PrefixListEntry(msgspec.Struct, frozen=True):
    """One block of a prefix list."""

    cidr: str
    description: str | None = None


class PrefixList(Noun, frozen=True, kw_only=True):
    """A prefix list, a customer's or (`of_aws`) AWS's own.

    `versions` has the entries of each version, the present one last.
    Whatever refers to it counts `max_entries` rules or routes, however many there are.
    """

    list_name: str
    family: Family
    max_entries: int
    of_aws: bool = False
    state: str = "create-complete"
    state_message: str | None = None
    versions: tuple[tuple[PrefixListEntry, ...], ...] = ((),)

    INDEXES: ClassVar[dict[str, Index]] = {"prefix-list-name": lambda p: (p.list_name,)}

    @property
    def version(self) -> int:
        """The number of the present version."""
        return len(self.versions)

    @property
    def entries(self) -> tuple[PrefixListEntry, ...]:
        """The present entries."""
        return self.versions[-1]
