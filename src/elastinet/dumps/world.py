"""The state that a dump becomes, while it is read: what is put there, and what is said about it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from elastinet.dumps.finding import Finding, shown
from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.model.foreign import Foreign
from elastinet.model.interface import Address
from elastinet.model.noun import Noun, Tags
from elastinet.model.state import State

N = TypeVar("N", bound=Noun)


class World:
    """The rows of a dump by their lists, the state as far as it is made, and the findings."""

    def __init__(self, rows: list[Row], findings: list[Finding]) -> None:
        self.state = State()
        self.findings = findings
        self._said = set(findings)
        self.rows: dict[str, list[Row]] = {}
        self.holders: dict[str, str] = {}
        """The NAT gateways and endpoints by the interfaces that are in them."""
        self.elastic: dict[str, Address] = {}
        """The Elastic IPs that interfaces show, by their allocations."""
        self.named: set[str] = set()
        """The VPCs of which an interface shows a public name."""
        self._files: dict[tuple[type[Noun], str], str] = {}
        for row in rows:
            self.rows.setdefault(row.kind, []).append(row)

    def say(self, file: str, reason: str) -> None:
        """Add a finding, once."""
        found = Finding(file, reason)
        if found not in self._said:
            self._said.add(found)
            self.findings.append(found)

    def read(self, kinds: str, make: Callable[["World", Row], Iterable[Noun]]) -> None:
        """Make the nouns of some lists; an item that is not as it should be is left out, and said."""
        for kind in kinds.split():
            for row in self.rows.get(kind, ()):
                try:
                    for noun in make(self, row):
                        self.put(noun, row.file)
                except Odd as odd:
                    self.say(row.file, f"{_name(kind, row.item)} left out: {odd}")

    def put(self, noun: Noun, file: str = "") -> None:
        """Have a noun; one that is there already stays, and it is said if they differ in more than tags."""
        old = self.state.get(type(noun), noun.id)
        if old is None:
            self.state.replace(type(noun), noun.id, noun)
            self._files[type(noun), noun.id] = file
        elif old.but(tags=noun.tags) != noun:
            there = self._files.get((type(noun), noun.id), "")
            differs = ", ".join(
                name for name in noun.__struct_fields__ if getattr(old, name) != getattr(noun, name)
            )
            self.say(
                file, f"{noun.id} is otherwise in {there or 'the dump'} ({differs}): the first one is taken"
            )

    def replace(self, noun: Noun) -> None:
        """Have a newer one in a noun's place."""
        self.state.replace(type(noun), noun.id, noun)

    def foreign(
        self, id: str, kind: str, like: Noun | Row, *, lacking: bool = False, tags: Tags = ()
    ) -> None:
        """Have something of which nothing more is known, where another thing is."""
        if self.state.get(Foreign, id) is None:
            owner, region = like.place if isinstance(like, Row) else (like.owner, like.region)
            self.put(Foreign(id=id, owner=owner, region=region, kind=kind, lacking=lacking, tags=tags))

    def lacks(self, id: str, kind: str, like: Noun, file: str, what: str) -> None:
        """Say that something is referred to and not in the dump, and what it is taken as."""
        self.foreign(id, kind, like, lacking=True)
        self.say(file, f"{shown(id)}, which {like.id} refers to, is not in the dump: {what}")

    def file_of(self, noun: Noun) -> str:
        """The file that a noun is from."""
        return self._files.get((type(noun), noun.id), "")

    def all(self, kind: type[N]) -> Iterator[N]:
        """All nouns of a kind."""
        return self.state.all(kind)


def _name(kind: str, item: Item) -> str:
    ids = (v for k, v in item.members.items() if k.endswith("Id") and isinstance(v, str) and k[:4] in kind)
    own = next(ids, "")
    return f"{shown(own)} of {kind}" if own else f"an item of {kind}"


def common(row: Row, tags: str = "Tags") -> dict[str, Any]:
    """The owner, the region and the tags of a row, as a noun has them."""
    return {"owner": row.place.account, "region": row.place.region, "tags": row.item.tags(tags)}


def made_up(prefix: str, of: str, *more: object) -> str:
    """An id for what has none in a dump, always the same for the same."""
    digest = hashlib.sha256("/".join((of, *map(str, more))).encode(errors="replace")).hexdigest()
    return f"{prefix}-{digest[:17]}"
