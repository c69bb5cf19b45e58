"""Prefix lists in rules and routes, and their weight in quotas (facts sheet, section 5)."""

from collections.abc import Iterable, Iterator

from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State


def is_prefix_list(peer: str) -> bool:
    """True if the peer of a rule, or the destination of a route, is a prefix list's id."""
    return peer.startswith("pl-")


def blocks(state: State, peer: str) -> tuple[str, ...]:
    """The blocks that a peer or a destination stands for: a list's entries, or itself."""
    if not is_prefix_list(peer):
        return (peer,)
    return tuple(entry.cidr for entry in state.need(PrefixList, peer).entries)


def weight(state: State, peers: Iterable[str], family: str) -> int:
    """The number that peers or destinations of one family ("IPv4", "IPv6") count against a quota."""
    return sum(_weight(state, peer, family) for peer in peers)


def _weight(state: State, peer: str, family: str) -> int:
    if is_prefix_list(peer):
        found = state.need(PrefixList, peer)
        return found.max_entries if found.family == family else 0
    return int((":" in peer) == (family == "IPv6"))


def referring_groups(state: State, id: str) -> Iterator[str]:
    """The security groups with a rule about a prefix list, each once."""
    yield from dict.fromkeys(r.group_id for r in state.where(SecurityGroupRule, "prefix-list", id))


def referring_tables(state: State, id: str) -> Iterator[RouteTable]:
    """The route tables with a route to a prefix list."""
    yield from state.where(RouteTable, "prefix-list", id)
