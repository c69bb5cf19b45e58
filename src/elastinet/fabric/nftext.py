"""A change of packet filter items as one nftables transaction, in an order that always holds together."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from elastinet.fabric.items import Chain, Element, Item, Set
from elastinet.fabric.names import TABLE

Pair = tuple[Item | None, Item | None]
"""What an item was and what it shall be."""

KINDS = (Chain, Element, Set)
PART = 128


def script(changes: Iterable[Pair]) -> str:
    """Write the transaction: names first, then what goes, then what comes, then names that go."""
    changes = list(changes)
    before = [old for old, _ in changes if old is not None]
    after = [new for _, new in changes if new is not None]
    fresh = [new for old, new in changes if old is None and new is not None]
    gone = [old for old, new in changes if new is None and old is not None]
    lines = [f"add table {TABLE}"]
    lines += [
        f"add {item.kind} {TABLE} {item.name} {{ {item.definition} }}"
        for item in fresh
        if isinstance(item, Set)
    ]
    lines += [f"add chain {TABLE} {item.name} {{ {item.hook} }}" for item in after if isinstance(item, Chain)]
    lines += [f"flush chain {TABLE} {item.name}" for item in before if isinstance(item, Chain)]
    lines += _elements("delete", before, {item.name for item in gone if isinstance(item, Set)})
    lines += _elements("add", after, set())
    lines += [rule for item in after if isinstance(item, Chain) for rule in _rules(item)]
    lines += [f"delete chain {TABLE} {item.name}" for item in gone if isinstance(item, Chain)]
    lines += [f"delete {item.kind} {TABLE} {item.name}" for item in gone if isinstance(item, Set)]
    return "\n".join(lines) + "\n"


def leaves(changes: Iterable[Pair]) -> Iterator[list[Pair]]:
    """Give new chains that lead nowhere and that nothing leads to yet, where there are many, in parts.

    The kernel takes no transaction that is larger than its sender's buffer, which only root may enlarge.
    """
    found = [pair for pair in changes if pair[0] is None and isinstance(pair[1], Chain) and _is_leaf(pair[1])]
    if len(found) > PART:
        yield from (found[at : at + PART] for at in range(0, len(found), PART))


def _is_leaf(chain: Chain) -> bool:
    return not chain.hook and not any(word in rule for rule in chain.rules for word in ("goto", "jump", "@"))


def _rules(chain: Chain) -> Iterator[str]:
    """A chain's rules, each with a mark of what it says, by which it is known again."""
    for rule in chain.rules:
        yield f'add rule {TABLE} {chain.name} {rule} comment "{mark(rule)}"'


def mark(rule: str) -> str:
    """The mark that a rule carries."""
    return f"{zlib.crc32(rule.encode()):08x}"


def _elements(verb: str, items: Iterable[Item], skip: set[str]) -> Iterator[str]:
    """One command per set for all of its elements."""
    by_set: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if isinstance(item, Element) and item.set not in skip:
            by_set[item.set].append(f"{item.element} : {item.data}" if item.data else item.element)
    for name, elements in by_set.items():
        yield f"{verb} element {TABLE} {name} {{ {', '.join(elements)} }}"
