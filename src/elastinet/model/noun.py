"""The base class of all nouns: id, owner, region, tags and indexes."""

from collections.abc import Callable, Collection, Hashable
from typing import Any, ClassVar, Self

import msgspec

Tags = tuple[tuple[str, str], ...]
Index = Callable[[Any], Collection[Hashable]]


class Noun(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A resource of one account in one region; it never changes, a newer one takes its place.

    `INDEXES` names the ways a noun is looked up other than by id: each gives the values it is found
    under. Every noun is also found under "scope", its (owner, region).
    """

    id: str
    owner: str
    region: str
    tags: Tags = ()

    INDEXES: ClassVar[dict[str, Index]] = {}

    @property
    def scope(self) -> tuple[str, str]:
        """The account and the region that this noun lives in."""
        return (self.owner, self.region)

    @property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """The accounts and regions where this noun is seen: its own, for all but a few."""
        return (self.scope,)

    def tags_in(self, scope: tuple[str, str]) -> Tags:
        """The tags that this noun has in a scope where it is seen."""
        return self.tags

    def tagged(self, scope: tuple[str, str], tags: Tags) -> Self:
        """The same noun with other tags in a scope where it is seen."""
        return self.but(tags=tags)

    @property
    def name(self) -> str | None:
        """The value of the tag called Name."""
        return dict(self.tags).get("Name")

    def but(self, **changes: Any) -> Self:
        """The same noun with some fields changed."""
        return msgspec.structs.replace(self, **changes)
