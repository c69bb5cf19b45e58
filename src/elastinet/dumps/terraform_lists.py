"""The lists that a Terraform state becomes, while they are made."""

from collections.abc import Callable, Mapping
from typing import Any

from elastinet.dumps.item import Item


class Lists:
    """Items in the members of the API by the names of their lists; those with an id can be added to."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.told: list[str] = []
        self._by_id: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, name: str, id: str, attributes: Item, **members: Any) -> None:
        """Have an item; members that are None or empty texts are not there."""
        item = {key: value for key, value in members.items() if value not in (None, "")}
        item |= _common(attributes)
        self.lists.setdefault(name, []).append(item)
        self._by_id.setdefault((name, id), item)

    def find(self, name: str, id: str) -> dict[str, Any] | None:
        """The item of a list with an id."""
        return self._by_id.get((name, id))

    def need(self, name: str, id: str, what: str) -> dict[str, Any] | None:
        """The item that something else adds to; it is said if there is none."""
        found = self.find(name, id)
        if found is None:
            self.told.append(f"{what} left out: {id or 'what it belongs to'} is not in the state")
        return found


Reader = Callable[[Lists, Item], None]
"""Makes of one resource what it comes to."""


def _common(attributes: Item) -> dict[str, Any]:
    tags = attributes.part("tags_all" if attributes.has("tags_all") else "tags").members
    found: dict[str, Any] = {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    if owner := attributes.text("owner_id"):
        found["OwnerId"] = owner
    if arn := attributes.text("arn"):
        found["ResourceArn"] = arn
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        if account:
            found.setdefault("OwnerId", account)
    return found


def picked(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    """Texts of Terraform's names by those of the API, where there are any."""
    return {member: text for name, member in names.items() if (text := item.text(name))}
