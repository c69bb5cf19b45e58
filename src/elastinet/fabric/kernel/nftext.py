"""A change of packet filter items as one nftables transaction, in an order that always holds together."""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract.names import TABLE_NAME

Pair = tuple[Item | None, Item | None]
"""An item before and after a change; None where it is new or gone."""

KINDS = (Chain, Element, Set)
PART = 128
RAW = ("quoted", "advertised")
"""Begin rules that nftables' own language cannot say."""


def script(changes: Iterable[Pair]) -> str:
    """Write the transaction: names first, then what goes, then what comes, then names that go."""
    changes = list(changes)
    before = [old for old, _ in changes if old is not None]
    after = [new for _, new in changes if new is not None]
    fresh = [new for old, new in changes if old is None and new is not None]
    gone = [old for old, new in changes if new is None and old is not None]
    lines = [f"add table {table}" for table in sorted({_table(item) for item in (*before, *after)})]
    lines += [
        f"add {item.kind} {_table(item)} {item.name} {{ {item.definition} }}"
        for item in fresh
        if isinstance(item, Set)
    ]
    lines += [f"add chain {_table(c)} {c.name} {{ {c.hook} }}" for c in after if isinstance(c, Chain)]
    lines += _flushed(before, after)
    lines += _elements(
        "delete", before, {item.name for item in gone if isinstance(item, Set) and _is_plain(item)}
    )
    lines += _elements("add", after, set())
    lines += [rule for item in after if isinstance(item, Chain) for rule in _rules(item)]
    lines += [f"delete chain {_table(item)} {item.name}" for item in gone if isinstance(item, Chain)]
    lines += [f"delete {item.kind} {_table(item)} {item.name}" for item in gone if isinstance(item, Set)]
    return "\n".join(lines) + "\n"


def _table(item: Item) -> str:
    """The table that an item is in."""
    assert isinstance(item, KINDS)
    return f"{item.family} {TABLE_NAME}"


def _is_plain(item: Set) -> bool:
    """True if a set's elements may go with it; verdicts hold the chains they lead to, which go before it."""
    return "verdict" not in item.definition


def _flushed(before: Iterable[Item], after: Iterable[Item]) -> Iterator[str]:
    """Empty chains that have rules; one of a device may be left over from a device of the same name."""
    yield from (f"flush chain {_table(c)} {c.name}" for c in before if isinstance(c, Chain))
    yield from (f"flush chain {_table(c)} {c.name}" for c in after if isinstance(c, Chain) and c.device)


def removal(chains: Iterable[Chain]) -> str:
    """Write the removal of devices' chains; older kernels have taken those of a lost device away."""
    chains = list(chains)
    lines = [f"add table {_table(chain)}" for chain in chains[:1]]
    for verb in ("add", "flush", "delete"):
        lines += [f"{verb} chain {_table(chain)} {chain.name}" for chain in chains]
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
        first, _, rest = rule.partition(" ")
        noun, text = (first, rest) if first in RAW else ("rule", rule)
        yield f'add {noun} {_table(chain)} {chain.name} {text} comment "{mark(rule)}"'


def mark(rule: str) -> str:
    """The mark that a rule carries."""
    return f"{zlib.crc32(rule.encode()):08x}"


def _elements(verb: str, items: Iterable[Item], skip: set[str]) -> Iterator[str]:
    """One command per set for all of its elements."""
    by_set: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if isinstance(item, Element) and item.set not in skip:
            written = f"{item.element} : {item.data}" if item.data else item.element
            by_set[f"{_table(item)} {item.set}"].append(written)
    for name, elements in by_set.items():
        yield f"{verb} element {name} {{ {', '.join(elements)} }}"
