"""Interfaces that take packets for others: what their groups let pass, and remember of it. Pure.

A packet through such an interface goes by twice: to it, for an address that it does not have, and from it,
with one that it does not have. Conntrack has one entry for both passes and for the flow's ends. On EC2 each
interface tracks by itself. So this one notes what its groups let pass, by the flow and the address at the
other side of the pass: by that, answers are known. The entry's mark stays the ends' own.

    A ── 1 ──► here ── 2 ──► B     pass 1 is noted as (flow, A), pass 2 as (flow, B)
    A ◄── 4 ── here ◄── 3 ── B     pass 3 is known by (flow, B), pass 4 by (flow, A)

An answer that comes by another way than what it answers is judged as what begins a flow. Flows that the
groups let through for everybody both ways are not noted: they end with the rule.
"""

from collections.abc import Iterable, Iterator

from elastinet.fabric.compile import remembering, untracked
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Group, IdleTimes, Interface

PASSES = 16_384
"""The most passes that an interface notes; it judges each packet of one more."""
BESIDE = "forwards_beside"
ENDS = {"out": "goto admitted", "in": "accept"}
OTHER_SIDE = {"out": "daddr", "in": "saddr"}
Times = tuple[IdleTimes, int]
"""For how long idle flows are remembered: of TCP and UDP, and of other protocols."""


def network() -> Iterator[Item]:
    """Who is asked for the packets of others; what goes to a neighbour's MAC is told by its mark."""
    yield Set("through", "type iface_index;")
    yield from (Set(f"forwards_{way}", "type iface_index : verdict;", "map") for way in ENDS)
    yield Set(BESIDE, "type mark : verdict;", "map")
    yield Chain("beside_in", (f"meta mark vmap @{BESIDE}",))
    yield Element("through", str(names.HOP_INDEX))
    yield Element("forwards_in", str(names.HOP_INDEX), "jump beside_in")


def interface(
    item: Interface, index: int, groups: Iterable[Group], times: Times, *, frames: bool, has_ipv6: bool
) -> Iterator[Item]:
    """An interface's part: for each direction, what is its own, what it knows, and whom it asks."""
    link, families, found = names.host_link(item.id), ("ip", "ip6")[: 1 + has_ipv6], list(groups)
    for family in families:
        key = f"typeof ct id . {family} saddr"
        yield Set(_notes(link, family), f"{key}; size {PASSES}; flags dynamic,timeout;")
    yield Element("through", str(index))
    for way, end in ENDS.items():
        chain, keys = f"{link}_forwards_{way}", {family: _key(family, way) for family in families}
        noted = tuple(rule for family in families for rule in _noted(link, family, keys[family], times))
        known = (f"{key} @{_notes(link, family)} goto {chain}_known" for family, key in keys.items())
        first = (*_own(item, way, families), *_untracked(found, way, chain), *known)
        yield Chain(chain, (*first, *noted, f"goto {chain}_asked"))
        yield Chain(f"{chain}_known", (*noted, end))
        jumps = (f"jump {names.group_chain(group.id, way)}" for group in found)
        forgotten = (f"delete @{_notes(link, family)} {{ {key} }}" for family, key in keys.items())
        yield Chain(f"{chain}_asked", (*jumps, *forgotten, "goto refused"))
        yield Element(f"forwards_{way}", str(index), f"jump {chain}")
    if frames:
        yield Element(BESIDE, str(names.HOP_MARK | index), f"jump {link}_forwards_in")


def _own(item: Interface, way: str, families: Iterable[str]) -> Iterator[str]:
    """What is the interface's own is no pass.

    The sources are conntrack's, for what leaves by an internet gateway has a public one already.
    """
    blocks = (*item.addresses, *item.addresses6, *item.prefixes)
    own = {"ip": [b for b in blocks if ":" not in b], "ip6": [b for b in blocks if ":" in b]}
    for family in families:
        if own[family]:
            which = f"{{ {', '.join(own[family])} }} return"
            if way == "in":
                yield f"{family} daddr {which}"
            else:
                yield from (f"ct direction {d} ct {d} {family} saddr {which}" for d in ("original", "reply"))


def _untracked(groups: Iterable[Group], way: str, chain: str) -> Iterator[str]:
    yield from (f"oif != @tracked {match} goto {chain}_asked" for match in untracked.free(groups, way))


def _noted(link: str, family: str, key: str, times: Times) -> Iterator[str]:
    """Note a pass, for as long as its flow may be idle."""
    idle, other = times
    yield from remembering.noted(_notes(link, family), key, idle)
    yield f"meta l4proto != {{ tcp, udp }} update @{_notes(link, family)} {{ {key} timeout {other}s }}"


def _key(family: str, way: str) -> str:
    return f"ct id . {family} {OTHER_SIDE[way]}"


def _notes(link: str, family: str) -> str:
    return f"{link}_passes{family[2:]}"
