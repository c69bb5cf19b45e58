"""The text form of items, one kernel object a line, by which a compiled program is read and compared."""

from collections.abc import Iterable, Iterator

import msgspec

from elastinet.fabric.compile.items import Chain, Element, Item, Items, Set


def lines(items: Items) -> Iterator[str]:
    """A namespace's items: links, addresses and routes, then the packet filter with its chains' rules."""
    found = sorted(items.values(), key=lambda item: (isinstance(item, Chain | Set | Element), _head(item)))
    for item in found:
        yield _head(item)
        if isinstance(item, Chain):
            yield from (f"    {rule}" for rule in item.rules)


def _head(item: Item) -> str:
    match item:
        case Chain():
            return (
                f"chain {item.family} {item.name} {{ {item.hook} }}" if item.hook else _named("chain", item)
            )
        case Set():
            return f"{_named(item.kind, item)} {{ {item.definition} }}"
        case Element():
            data = f" : {item.data}" if item.data else ""
            return f"element {item.family} {item.set} {{ {item.element}{data} }}"
        case _:
            return f"{type(item).__name__} {' '.join(_fields(item))}"


def _named(kind: str, item: Chain | Set) -> str:
    return f"{kind} {item.family} {item.name}"


def _fields(item: Item) -> Iterable[str]:
    """The fields that say something: all but those at their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(item)}
    given = msgspec.structs.asdict(item)
    return (f"{name}={value}" for name, value in given.items() if value != defaults[name])
