"""Items applied in a namespace, with indexes by which they are found quickly."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from elastinet.fabric.compile.items import (
    Chain,
    Class,
    GuestAddress,
    Identity,
    Item,
    Items,
    Link,
    LinkAddress,
    LinkIncarnation,
    Neighbour,
    Queue,
    Redirect,
    RouteItem,
    Up,
)
from elastinet.fabric.contract import names


class Record:
    """The items that a namespace has; they change one by one, or all at once when they are read anew."""

    def __init__(self) -> None:
        self.items: Items = {}
        self.names: dict[int, str] = {}
        self.news: dict[str, LinkIncarnation | None] = {}
        self._births: Counter[str] = Counter()
        self._hanging: dict[str, set[Identity]] = defaultdict(set)

    def put(self, item: Item) -> None:
        """Note that an item is there now."""
        self._index(item)
        self.items[item.identity] = item
        if isinstance(item, Link):
            self._births[item.name] += 1
            self.news[item.alias] = (item, self._births[item.name])

    def _index(self, item: Item) -> None:
        if name := on(item):
            self._hanging[name].add(item.identity)
        if isinstance(item, Link) or (isinstance(item, Queue) and item.index):
            self.names[item.index] = item.name

    def remove(self, identity: Identity) -> None:
        """Note that an item is gone."""
        item = self.items.pop(identity)
        if name := on(item):
            self._hanging[name].discard(identity)
        if isinstance(item, Link | Queue):
            self.names.pop(item.index, None)
        if isinstance(item, Link):
            self.news[item.alias] = None

    def hanging_on(self, link: str) -> list[Identity]:
        """The identities of the items that go with a link, the link's own included."""
        return list(self._hanging.get(link, ()))

    def replace(self, items: Items) -> None:
        """Take what the kernel was seen to have for the truth."""
        for identity, item in self.items.items():
            if isinstance(item, Link) and items.get(identity) != item:
                self.news[item.alias] = None
        self.items = items
        self.names, self._hanging = {}, defaultdict(set)
        for item in items.values():
            self._index(item)

    def take_news(self) -> dict[str, LinkIncarnation | None]:
        """Give the links that came or went since the last time, by the resource they stand for."""
        news, self.news = self.news, {}
        return news

    def links(self) -> Iterator[Link]:
        """All links."""
        return (item for item in self.items.values() if isinstance(item, Link))


def on(item: Item) -> str | None:
    """The device with which an item comes and goes; a router's own pair has the name of one end."""
    name = _device(item)
    return names.HOP_LINK if name == names.HOP_PEER else name


def _device(item: Item) -> str | None:
    match item:
        case Link() | Queue() | Up():
            return item.name
        case Class():
            return item.queue
        case Chain() if item.device:
            return item.device
        case LinkAddress() | Neighbour() | RouteItem() | GuestAddress() | Redirect() if item.link:
            return item.link
        case _:
            return None
